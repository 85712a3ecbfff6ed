"""The initial content that a trace requires, and a check of its consistency."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace.record import Record

__all__ = ["LISTED", "MAX_REQUESTS", "OWN_CONFIG", "Initial", "Plan", "plan_replay"]

MAX_REQUESTS: Final = 1_000_000
"""Limit of a replay, which keeps its requests in memory, about 250 bytes each."""

OWN_CONFIG: Final = "-config"
"""The config blob of manifests without blobs in the trace; not a valid blob name in a trace."""

LISTED: Final = "initial"
"""The initial tag of a repository whose tags are listed before one is pushed."""

_OWN_SIZE: Final = 64


@dataclass(slots=True)
class Initial:
    """The initial content of a repository: names of blobs, and sizes of manifests by tag."""

    blobs: dict[str, None] = field(default_factory=dict)
    manifests: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """A trace that can be replayed.

    - ``versions``: manifest version of each request: 0 is the initial one of its tag, n the nth pushed one.
    - ``sizes``: size of every blob, in bytes; a name refers to the same blob in every repository.
    - ``initial``: the initial content of each repository, without empty ones.
    - ``lines``: the first line of each repository.
    - ``written``: the repositories that the trace pushes to.
    """

    records: list[Record] = field(default_factory=list)
    versions: array[int] = field(default_factory=lambda: array("q"))
    sizes: dict[str, int] = field(default_factory=lambda: {OWN_CONFIG: _OWN_SIZE})
    initial: dict[str, Initial] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)

    def initial_blobs(self) -> set[str]:
        """Return the blobs in the initial content of any repository."""
        return {name for initial in self.initial.values() for name in initial.blobs}


def plan_replay(records: Iterable[Record], name: str) -> Plan:
    """Determine what a trace reads before it is pushed; ``name`` is the file name for errors.

    Raises BenchmarkError, with the file and line, if a request contradicts an earlier one.
    """
    planning = _Planning()
    for record in records:
        if len(planning.plan.records) == MAX_REQUESTS:
            raise BenchmarkError(
                f"{name}:{record.line}: a replay is limited to {MAX_REQUESTS} requests: shorten the file, for example "
                f"with head -n {record.line - 1}"
            )
        try:
            planning.add(record)
        except BenchmarkError as error:
            raise BenchmarkError(f"{name}:{record.line}: {record}: {error}") from None
    if not planning.plan.records:
        raise BenchmarkError(f"{name}: the trace contains no requests")
    return planning.plan


@dataclass(slots=True)
class _Blob:
    """The size of a blob, and the first line with it."""

    size: int
    line: int


@dataclass(slots=True)
class _Tag:
    """The current manifest of a tag, and the line that it comes from."""

    size: int
    version: int
    line: int


class _Planning:
    def __init__(self) -> None:
        self.plan = Plan()
        self._blobs: dict[str, _Blob] = {}
        self._present: dict[tuple[str, str], int] = {}  # line by repository and blob
        self._tags: dict[str, dict[str, _Tag]] = {}
        self._absent: dict[tuple[str, str, str], int] = {}  # line by kind of object, repository and name

    def add(self, record: Record) -> None:
        self.plan.lines.setdefault(record.repository, record.line)
        if record.kind == "GET tags":
            version = self._list(record)
        elif record.kind.endswith("blob"):
            version = self._blob(record)
        else:
            version = self._manifest(record)
        if record.writes:
            self.plan.written.add(record.repository)
        self.plan.records.append(record)
        self.plan.versions.append(version)

    def _list(self, record: Record) -> int:
        if not self._tags.get(record.repository):
            self._begin_with_manifest(record, LISTED, 1)
        return 0

    def _blob(self, record: Record) -> int:
        key = (record.repository, record.name)
        if record.size is None:
            self._note_absent("blob", record, self._present.get(key))
            self.plan.sizes.setdefault(record.name, _OWN_SIZE)  # needed for the digest of a blob that is never pushed
            return 0
        known = self._blobs.setdefault(record.name, _Blob(record.size, record.line))
        if known.size != record.size:
            raise BenchmarkError(
                f"the size {record.size} differs from {known.size} in line {known.line}: a blob has a single size"
            )
        self.plan.sizes[record.name] = record.size
        if key not in self._present:
            if not record.writes:
                self._refuse_absent("blob", record)
                self._initial(record.repository).blobs[record.name] = None
            self._present[key] = record.line
        return 0

    def _manifest(self, record: Record) -> int:
        tags = self._tags.setdefault(record.repository, {})
        known = tags.get(record.name)
        if record.size is None:
            self._note_absent("manifest", record, known.line if known else None)
            return 0
        if record.kind == "PUT manifest":
            return self._push_manifest(record, record.size, known)
        if known is None:
            self._refuse_absent("manifest", record)
            self._begin_with_manifest(record, record.name, record.size)
            return 0
        if known.size != record.size:
            raise BenchmarkError(
                f"the size {record.size} differs from {known.size} in line {known.line}, and it was not pushed since"
            )
        return known.version

    def _push_manifest(self, record: Record, size: int, known: _Tag | None) -> int:
        for blob in record.blobs:
            if (record.repository, blob) not in self._present:
                raise BenchmarkError(
                    f"it names the blob {blob}, which no earlier line pushes to this repository or reads from it: "
                    "insert a PUT blob or HEAD blob before it"
                )
        if not record.blobs:
            self._initial(record.repository).blobs[OWN_CONFIG] = None
        version = known.version + 1 if known else 1
        self._tags[record.repository][record.name] = _Tag(size, version, record.line)
        return version

    def _begin_with_manifest(self, record: Record, tag: str, size: int) -> None:
        initial = self._initial(record.repository)
        initial.manifests[tag] = size
        initial.blobs[OWN_CONFIG] = None
        self._tags.setdefault(record.repository, {})[tag] = _Tag(size, 0, record.line)

    def _initial(self, repository: str) -> Initial:
        return self.plan.initial.setdefault(repository, Initial())

    def _note_absent(self, what: str, record: Record, present: int | None) -> None:
        if present is not None:
            raise BenchmarkError(f"it is not absent: line {present} pushes or reads it; use its size")
        self._absent.setdefault((what, record.repository, record.name), record.line)

    def _refuse_absent(self, what: str, record: Record) -> None:
        line = self._absent.get((what, record.repository, record.name))
        if line is not None:
            raise BenchmarkError(
                f"it is absent in line {line}, and no line in between pushes it: insert a PUT {what}, "
                f"or replace absent with {record.size}"
            )
