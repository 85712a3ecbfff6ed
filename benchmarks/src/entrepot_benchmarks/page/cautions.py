"""Limitations of the results of a run."""

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
    """How close a reading is to the maximum throughput of the machine, ``ceiling``; ``part`` is 1 at the ceiling."""

    row: Row
    reading: Reading
    ceiling: str
    part: float


def cores_of(run: Run) -> int | None:
    """Return the number of cores of the machine, or None if unknown."""
    text = run.machine.get("cores", "")
    return int(text) if text.isdecimal() and int(text) else None


def nearest_to_ceiling(run: Run, rows: Sequence[Row]) -> Nearness | None:
    """Return the reading of a backend or peer that is closest to a ceiling, or None if no ceiling was measured."""
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
    """Return the limitations, each in one or two sentences; empty if there are none."""
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
        f"The load generator runs on the same machine as the servers. In {len(much)} of {len(parts)} series it used "
        f"more than half of the {cores} cores, most in {row.case.name} with {clients(row.clients)} on "
        f"{reading.target.name} ({share(most)}). These servers could be faster, and faster ones are affected more."
    ]


def _ceiling(run: Run, rows: Sequence[Row]) -> list[str]:
    near = nearest_to_ceiling(run, rows)
    if near is None or near.part < NEAR_THE_CEILING:
        return []
    return [
        f"{near.reading.target.name} came close to the limit of this machine without a registry: "
        f"{near.row.case.name} with {clients(near.row.clients)} ran at {quantity(near.reading.median, 'MB/s')}, "
        f"{share(near.part)} of {near.ceiling}. On other machines, or over a network, the differences may vary."
    ]


def _rounds(run: Run, rows: Sequence[Row]) -> list[str]:
    most = max((len(reading.values) for row in rows for reading in row.readings), default=0)
    if most != 1:
        return []
    return ["There was only one round, so differences cannot be distinguished from noise: use more rounds."]


def _failures(run: Run) -> list[str]:
    failed = list(dict.fromkeys(series.target for series in run.series if series.failed))
    if not failed:
        return []
    broken = count(sum(1 for series in run.series if series.failed), "series", "series")
    return [f"{broken} failed, on {listing(failed)}; see the table of all series for the reasons."]
