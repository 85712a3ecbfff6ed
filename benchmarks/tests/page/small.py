"""Small runs with values given by a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from entrepot_benchmarks.results.model import CaseInfo, Group, Run, Series, Spell, TargetInfo

__all__ = ["BLOB", "backend", "run_of"]

BLOB = 10**8


def backend(name: str, *, durable: bool | None = True, shared: bool | None = None) -> TargetInfo:
    """Return a backend, durable by default."""
    return TargetInfo(name, "backend", durable=durable, shared=shared)


def run_of(
    targets: Sequence[TargetInfo],
    values: Mapping[tuple[str, int], Mapping[str, Sequence[float]]],
    group: Group = "pull",
    generator_cores: float = 0.1,
) -> Run:
    """Create a run from rates in MB/s per round, by case and clients, and by target; an operation is one ``BLOB``."""
    names = dict.fromkeys(name for name, _ in values)
    run = Run(
        started=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        command="entrepot bench",
        rounds=max(len(rates) for row in values.values() for rates in row.values()),
        machine={"cores": "4"},
        cases=[CaseInfo(name, group, "MB/s", "A blob.") for name in names],
        targets=list(targets),
    )
    for (case, clients), row in values.items():
        for target, rates in row.items():
            spells = [Spell(1, BLOB, BLOB / 1e6 / rate, generator_cores * BLOB / 1e6 / rate) for rate in rates]
            run.series.append(Series(case, clients, target, spells))
    return run
