"""What keeps a result from being trusted further than it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from entrepot_benchmarks.page.numbers import clients, count, listing, quantity, share
from entrepot_benchmarks.page.rows import Reading, Row
from entrepot_benchmarks.results.model import Run

__all__ = ["Nearness", "cautions_of", "cores_of", "nearest_to_ceiling"]

MUCH_OF_THE_CORES = 0.5
NEAR_THE_CEILING = 0.75


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near a reading came to what the machine does at all: 1 is the ceiling, which ``ceiling`` names."""

    row: Row
    reading: Reading
    ceiling: str
    part: float


def cores_of(run: Run) -> int | None:
    """How many cores the machine has; None where it is not noted."""
    text = run.machine.get("cores", "")
    return int(text) if text.isdecimal() and int(text) else None


def nearest_to_ceiling(run: Run, rows: Sequence[Row]) -> Nearness | None:
    """The reading of a backend or peer that came nearest to a ceiling; None where none was measured."""
    found = [
        Nearness(row, reading, name, reading.median / limit)
        for row in rows
        if row.case.unit == "MB/s"
        for name, limit in _ceilings(run, row)
        if limit > 0
        for reading in row.readings
        if reading.target.kind != "limit"
    ]
    return max(found, key=lambda nearness: nearness.part, default=None)


def cautions_of(run: Run, rows: Sequence[Row]) -> list[str]:
    """What to be careful about, each in a sentence or two; empty where nothing is known."""
    return [*_generator(run, rows), *_ceiling(run, rows), *_rounds(run, rows), *_failures(run)]


def _ceilings(run: Run, row: Row) -> list[tuple[str, float]]:
    found = []
    if run.ceiling.loopback:
        found.append(("one connection over loopback", median(run.ceiling.loopback)))
    if run.ceiling.sha256 and row.case.group == "push":
        hashing = min(row.clients, cores_of(run) or 1)
        name = "sha256 on one core" if hashing == 1 else f"sha256 on {hashing} cores"
        found.append((name, median(run.ceiling.sha256) * hashing))
    return found


def _generator(run: Run, rows: Sequence[Row]) -> list[str]:
    if not (cores := cores_of(run)):
        return []
    parts = [(reading.series.generator_cores / cores, row, reading) for row in rows for reading in row.readings]
    much = [part for part in parts if part[0] > MUCH_OF_THE_CORES]
    if not much:
        return []
    most, row, reading = max(much, key=lambda part: part[0])
    return [
        f"The load generator shares the machine with the servers. In {len(much)} of {len(parts)} series it took more "
        f"than half of its {cores} cores, most in {row.case.name} with {clients(row.clients)} on {reading.target.name} "
        f"({share(most)}): those servers could have done more, and the faster one is held back the more."
    ]


def _ceiling(run: Run, rows: Sequence[Row]) -> list[str]:
    near = nearest_to_ceiling(run, rows)
    if near is None or near.part < NEAR_THE_CEILING:
        return []
    return [
        f"{near.reading.target.name} came near what this machine does without any registry: "
        f"{near.row.case.name} with {clients(near.row.clients)} ran at {quantity(near.reading.median, 'MB/s')}, "
        f"{share(near.part)} of {near.ceiling}. On other machines, or over a network, differences can be other ones."
    ]


def _rounds(run: Run, rows: Sequence[Row]) -> list[str]:
    most = max((len(reading.values) for row in rows for reading in row.readings), default=0)
    if most != 1:
        return []
    return ["There was one round only, so that nobody can tell a difference from noise: run with more rounds."]


def _failures(run: Run) -> list[str]:
    failed = list(dict.fromkeys(series.target for series in run.series if series.failed))
    if not failed:
        return []
    broken = count(sum(1 for series in run.series if series.failed), "series", "series")
    return [f"{broken} broke off, on {listing(failed)}; the table of all series says why."]
