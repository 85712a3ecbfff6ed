"""A run in display order: a row for each case and number of clients, with a reading of each target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from entrepot_benchmarks.results.model import CaseInfo, Run, Series, TargetInfo

__all__ = ["Reading", "Row", "ordered_targets", "rows_of"]

KINDS = ("backend", "peer", "limit")


@dataclass(frozen=True, slots=True)
class Reading:
    """The results of one target; ``values`` are in the unit of the case, one per round, at least one."""

    target: TargetInfo
    series: Series
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return median(self.values)

    @property
    def low(self) -> float:
        """The minimum of the rounds."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The maximum of the rounds."""
        return max(self.values)

    def latency(self, part: float) -> float | None:
        """Return the latency percentile ``part`` in seconds, or None if no times were recorded."""
        return self.series.latency(part) if any(spell.latencies for spell in self.series.spells) else None

    @property
    def server_seconds_per_gib(self) -> Sequence[float]:
        """CPU seconds of the server per 2^30 bytes, one per round; empty if unknown."""
        return [
            spell.server_cpu / spell.bytes * 2**30
            for spell in self.series.spells
            if spell.server_cpu is not None and spell.bytes
        ]

    @property
    def server_cores(self) -> float | None:
        """The number of cores used by the server, as the median of the rounds; None if unknown."""
        known = [spell.server_cpu / spell.elapsed for spell in self.series.spells if spell.server_cpu is not None]
        return median(known) if known else None

    @property
    def peak_memory(self) -> int | None:
        """The maximum memory over all rounds in bytes; None if it was not measured."""
        return max((spell.peak_memory for spell in self.series.spells if spell.peak_memory is not None), default=None)


@dataclass(frozen=True, slots=True)
class Row:
    """One case with a number of clients; readings are in the order of ``ordered_targets``, at least one."""

    case: CaseInfo
    clients: int
    readings: Sequence[Reading]

    def of(self, target: str) -> Reading | None:
        """Return the reading of a target, or None if there is none."""
        return next((reading for reading in self.readings if reading.target.name == target), None)

    @property
    def bytes_per_operation(self) -> float:
        """The average size of an operation."""
        spells = [spell for reading in self.readings for spell in reading.series.spells]
        return sum(spell.bytes for spell in spells) / max(1, sum(spell.operations for spell in spells))


def ordered_targets(run: Run) -> list[TargetInfo]:
    """Return backends first, then peers, then limits."""
    return sorted(run.targets, key=lambda target: KINDS.index(target.kind))


def rows_of(run: Run) -> list[Row]:
    """Return every row with a reading, in the order of cases and numbers of clients."""
    rows = []
    for case in run.cases:
        for clients in sorted({series.clients for series in run.series if series.case == case.name}):
            readings = [
                Reading(target, series, series.values(case.unit))
                for target in ordered_targets(run)
                if (series := run.find(case.name, clients, target.name)) and min(series.values(case.unit)) > 0
            ]
            if readings:
                rows.append(Row(case, clients, readings))
    return rows
