"""What a trace asks of a registry before it begins, and whether it agrees with itself."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace.record import Record

__all__ = ["LISTED", "MAX_REQUESTS", "OWN_CONFIG", "Initial", "Plan", "plan_replay"]

MAX_REQUESTS: Final = 1_000_000
"""A replay keeps its requests in memory, some 250 bytes each."""

OWN_CONFIG: Final = "-config"
"""The blob that manifests name which name none in the trace; no blob of a trace can be called so."""

LISTED: Final = "initial"
"""The tag of a repository whose tags are listed before anybody pushed one."""

_OWN_SIZE: Final = 64


@dataclass(slots=True)
class Initial:
    """What a repository holds before the trace begins: names of blobs, and the sizes of manifests by their tags."""

    blobs: dict[str, None] = field(default_factory=dict)
    manifests: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """A trace that can be replayed.

    - ``versions``: of each request's manifest: 0 is the initial one of its tag, n the nth that was pushed.
    - ``sizes``: of every blob, in bytes; a name means the same blob in every repository.
    - ``initial``: what each repository holds before the trace begins, of those that hold something.
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
        """The blobs that some repository holds before the trace begins."""
        return {name for initial in self.initial.values() for name in initial.blobs}


def plan_replay(records: Iterable[Record], name: str) -> Plan:
    """Find out what a trace reads before it pushes it; ``name`` is the file, for errors.

    Raises BenchmarkError, with the file and line, where a request contradicts an earlier one.
    """
    planning = _Planning()
    for record in records:
        if len(planning.plan.records) == MAX_REQUESTS:
            raise BenchmarkError(
                f"{name}:{record.line}: a replay takes {MAX_REQUESTS} requests at most: keep the lines above in a file "
                f"of their own, as by head -n {record.line - 1}"
            )
        try:
            planning.add(record)
        except BenchmarkError as error:
            raise BenchmarkError(f"{name}:{record.line}: {record}: {error}") from None
    if not planning.plan.records:
        raise BenchmarkError(f"{name}: the trace holds no request: there is nothing to replay")
    return planning.plan


@dataclass(slots=True)
class _Blob:
    """A blob's size, and where the trace said so first."""

    size: int
    line: int


@dataclass(slots=True)
class _Tag:
    """A tag's manifest now, and the line that it comes from."""

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
            self.plan.sizes.setdefault(record.name, _OWN_SIZE)  # of one that never comes, for its digest
            return 0
        known = self._blobs.setdefault(record.name, _Blob(record.size, record.line))
        if known.size != record.size:
            raise BenchmarkError(
                f"the size {record.size} is not the {known.size} of line {known.line}: a blob has one size, everywhere"
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
                f"the size {record.size} is not the {known.size} of line {known.line}, since which nobody has pushed it"
            )
        return known.version

    def _push_manifest(self, record: Record, size: int, known: _Tag | None) -> int:
        for blob in record.blobs:
            if (record.repository, blob) not in self._present:
                raise BenchmarkError(
                    f"it names the blob {blob}, which no line above pushes to this repository or reads from it: "
                    "put a line with its PUT blob, or its HEAD blob, above"
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
            raise BenchmarkError(f"it is not absent: line {present} pushes or reads it; write its size")
        self._absent.setdefault((what, record.repository, record.name), record.line)

    def _refuse_absent(self, what: str, record: Record) -> None:
        line = self._absent.get((what, record.repository, record.name))
        if line is not None:
            raise BenchmarkError(
                f"line {line} says that it is absent, and no line between pushes it: put a PUT {what} there, "
                f"or write {record.size} instead of absent"
            )
