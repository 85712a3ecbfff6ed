"""The repositories of a replay: their initial content, and the removal of pushed content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from entrepot.errors import NameInvalid
from entrepot.registry.names import MAX_NAME_LENGTH, check_name
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.trace.content import Content, Manifest, Pool
from entrepot_benchmarks.trace.exchange import Place, fill
from entrepot_benchmarks.trace.plan import Plan

__all__ = ["Stage"]

_FILLERS: Final = 4
_STANDING: Final = "standing"
_LONGEST: Final = len("t1000000")


class Stage:
    """The repositories of a trace below ``run``, a unique prefix.

    Repositories that the trace only reads, and all initial blobs, exist from ``prepare`` to ``forget``. Repositories
    that it pushes to are new in each turn, so that every turn has the same conditions and no benefit from caches.
    Raises BenchmarkError if a name would be too long.
    """

    def __init__(self, plan: Plan, run: str, name: str) -> None:
        self._plan = plan
        self._run = run
        self._lasting = plan.initial_blobs()
        for repository, line in plan.lines.items():
            _check_length(f"{run}/{'t' * _LONGEST}/{repository}", f"{name}:{line}", len(repository))
        self._pool = Pool(plan.sizes.values())
        content = self._content(_STANDING)
        self._standing = {name: Place(f"{run}/{_STANDING}/{name}", content) for name in plan.lines}

    def prepare(self, target: Target) -> None:
        """Push the initial content: every blob once, and then mount it into the other repositories that have it."""
        holders: dict[str, str] = {}
        for repository, initial in self._plan.initial.items():
            for blob in initial.blobs:
                holders.setdefault(blob, self._standing[repository].name)
        uploads, mounts = [], []
        for repository, initial in self._plan.initial.items():
            place = self._standing[repository]
            first = {blob: None for blob in initial.blobs if holders[blob] == place.name}
            later = {blob: holders[blob] for blob in initial.blobs if blob not in first}
            written = repository in self._plan.written
            manifests = {} if written else self._initial_manifests(repository, place)
            uploads.append(partial(fill, place=place, blobs=first, manifests={}))
            mounts.append(partial(fill, place=place, blobs=later, manifests=manifests))
        _run(target, uploads)
        _run(target, mounts)

    def forget(self, target: Target) -> None:
        """Remove the initial content."""
        held = {name: self._standing[name] for name in self._plan.initial}
        digests = [place.content.blobs[blob].digest for place in held.values() for blob in self._lasting]
        for repository, place in held.items():
            digests += [manifest.digest for manifest in self._initial_manifests(repository, place).values()]
        target.forget([place.name for place in held.values()], sorted(set(digests)))

    def turn(self, number: int) -> Mapping[str, Place]:
        """Return the places of a turn by the name of the repository in the trace."""
        content = self._content(f"t{number}")
        return self._standing | {
            name: Place(f"{self._run}/t{number}/{name}", content) for name in sorted(self._plan.written)
        }

    def fill_turn(self, target: Target, places: Mapping[str, Place]) -> None:
        """Push the initial content of the new repositories of a turn."""
        jobs = []
        for repository in sorted(self._plan.written & self._plan.initial.keys()):
            place = places[repository]
            blobs = dict.fromkeys(self._plan.initial[repository].blobs, self._standing[repository].name)
            manifests = self._initial_manifests(repository, place)
            jobs.append(partial(fill, place=place, blobs=blobs, manifests=manifests))
        _run(target, jobs)

    def forget_turn(self, target: Target, places: Mapping[str, Place]) -> None:
        """Remove everything that a turn has pushed or would have pushed."""
        digests = {place.content.blobs[blob].digest for place, blob in self._pushed_blobs(places)}
        for repository in self._plan.written & self._plan.initial.keys():
            initial = self._initial_manifests(repository, places[repository])
            digests.update(manifest.digest for manifest in initial.values())
        for record, version in zip(self._plan.records, self._plan.versions, strict=True):
            if record.kind == "PUT manifest":
                content = places[record.repository].content
                made = content.manifest(record.repository, record.name, version, record.size or 0, record.blobs)
                digests.add(made.digest)
        target.forget([places[name].name for name in sorted(self._plan.written)], sorted(digests))

    def _pushed_blobs(self, places: Mapping[str, Place]) -> Iterator[tuple[Place, str]]:
        for record in self._plan.records:
            if record.kind == "PUT blob" and record.name not in self._lasting:
                yield places[record.repository], record.name

    def _initial_manifests(self, repository: str, place: Place) -> dict[str, Manifest]:
        return {
            tag: place.content.manifest(repository, tag, 0, size)
            for tag, size in self._plan.initial[repository].manifests.items()
        }

    def _content(self, turn: str) -> Content:
        return Content(self._pool, self._plan.sizes, self._lasting, self._run, turn)


def _run(target: Target, jobs: Sequence[Callable[[Connection], None]]) -> None:
    def on_connection(job: Callable[[Connection], None]) -> None:
        with target.connect() as connection:
            job(connection)

    with ThreadPoolExecutor(_FILLERS) as threads:
        for _ in threads.map(on_connection, jobs):
            pass  # raises the exceptions of the jobs


def _check_length(name: str, where: str, own: int) -> None:
    try:
        check_name(name)
    except NameInvalid:
        raise BenchmarkError(
            f"{where}: the repository name has {own} characters, and with the replay's prefix of {len(name) - own} "
            f"it is longer than {MAX_NAME_LENGTH}: use a shorter name"
        ) from None
