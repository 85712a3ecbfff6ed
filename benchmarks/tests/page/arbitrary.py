"""A hypothesis strategy for arbitrary runs."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

from hypothesis import strategies as some

from entrepot_benchmarks.results.model import (
    CaseInfo,
    Ceiling,
    Estimate,
    OperationCost,
    PriceTable,
    Run,
    Series,
    Spell,
    TargetInfo,
)

__all__ = ["runs"]

times = some.floats(min_value=1e-6, max_value=1e6)
counts = some.integers(0, 2**50)
maybe = some.none() | some.text(max_size=20)
spells = some.builds(
    Spell,
    operations=some.integers(1, 2**50),
    bytes=counts,
    elapsed=times,
    generator_cpu=times,
    server_cpu=some.none() | times,
    peak_memory=some.none() | counts,
    latencies=some.lists(times, max_size=5).map(lambda values: tuple(sorted(values))),
)
targets = some.builds(
    TargetInfo, name=some.text(), detail=some.text(), durable=some.none() | some.booleans(), shared=some.booleans()
)
zones = some.just(UTC) | some.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
tables = some.builds(PriceTable)
calls = some.dictionaries(some.text(), counts, max_size=3)


@some.composite
def runs(draw: some.DrawFn) -> Run:
    """Generate a run whose series refer to its own cases and targets."""
    cases = draw(some.lists(some.from_type(CaseInfo), min_size=1, max_size=3, unique_by=lambda case: case.name))
    known = draw(some.lists(targets, min_size=1, max_size=3, unique_by=lambda target: target.name))
    series = some.builds(
        Series,
        case=some.sampled_from([case.name for case in cases]),
        clients=some.integers(1, 100),
        target=some.sampled_from([target.name for target in known]),
        spells=some.lists(spells, max_size=3),
        failed=maybe,
    )
    return Run(
        started=draw(some.datetimes(timezones=zones)),
        command=draw(some.text()),
        rounds=draw(some.integers(0, 99)),
        machine=draw(some.dictionaries(some.text(), some.text(), max_size=3)),
        cases=cases,
        targets=known,
        series=draw(some.lists(series, max_size=4)),
        ceiling=draw(some.builds(Ceiling, sha256=some.lists(times, max_size=3))),
        costs=draw(some.lists(some.builds(OperationCost, calls=calls, requests=some.none() | calls), max_size=2)),
        estimates=draw(some.lists(some.builds(Estimate, amount=times, table=tables), max_size=2)),
        notes=draw(some.lists(some.text(), max_size=2)),
        seconds=draw(times),
        partial=draw(maybe),
    )
