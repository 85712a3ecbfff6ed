"""The statements of a report follow from the rounds."""

from __future__ import annotations

from collections.abc import Sequence

from entrepot_benchmarks.page.advice import advise
from entrepot_benchmarks.page.choice import Choice, choose
from entrepot_benchmarks.page.rows import rows_of
from entrepot_benchmarks.page.tables import choices_table
from entrepot_benchmarks.page.topics import topics_of
from entrepot_benchmarks.results.model import Ceiling, Run, TargetInfo

from .small import backend, run_of

FS, S3, MEMORY = backend("fs", shared=False), backend("s3", shared=True), backend("memory", durable=False)
PEER, LIMIT = TargetInfo("distribution", "peer"), TargetInfo("nginx", "limit")

BY_SPEED = "This is based on speed only."


def choices_of(run: Run) -> list[Choice]:
    return choose(run, topics_of(rows_of(run)))


def advice_of(run: Run) -> Sequence[str]:
    return advise(run, rows_of(run), choices_of(run))


def compared(run: Run) -> dict[str, str]:
    """Return the ratios in the table by target, for a run with one kind of use."""
    table = choices_table(run, choices_of(run))
    (line,) = table.groups[""]
    return {header.removeprefix("to "): cell for header, cell in zip(table.headers[2:], line[2:], strict=True)}


def test_the_faster_backend_is_recommended_with_factor_and_spread() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [200, 220, 210], "s3": [100, 100, 100]}})
    assert advice_of(run) == ["Choose fs for large pulls (2.10 times as fast as s3, 2.00 to 2.20).", BY_SPEED]
    (choice,) = choices_of(run)
    assert choice.names == ["fs"]
    table = choices_table(run, [choice])
    assert table.headers == ["use", "choice", "to s3"]
    assert table.groups == {"": [["large pulls", "fs", "2.10 (2.00 to 2.20)"]]}


def test_ratios_are_computed_within_rounds_not_between_medians() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [100, 200, 400], "s3": [90, 180, 360]}})
    assert "1.11 times as fast as s3, 1.11 to 1.11" in advice_of(run)[0]


def test_backends_without_a_significant_difference_are_both_named() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [102, 99, 105], "s3": [100, 100, 100]}})
    assert advice_of(run) == ["Choose fs or s3, which show no significant difference, for large pulls.", BY_SPEED]
    assert choices_of(run)[0].names == ["fs", "s3"]
    assert compared(run) == {"s3": "1.02 (0.99 to 1.05)"}


def test_a_backend_that_is_not_durable_is_not_recommended_even_if_it_is_fast() -> None:
    values = {("Pull", 1): {"fs": [200.0, 200.0], "s3": [100.0, 100.0], "memory": [900.0, 800.0]}}
    run = run_of([FS, S3, MEMORY], values)
    assert choices_of(run)[0].names == ["fs"]
    assert advice_of(run)[-1] == "Not for data that must be kept: memory."
    assert compared(run)["memory (not durable)"] == "0.24 (0.22 to 0.25)"


def test_a_backend_with_unknown_durability_can_be_recommended_and_is_named() -> None:
    run = run_of([backend("plain", durable=None), S3], {("Pull", 1): {"plain": [200, 200], "s3": [100, 100]}})
    assert choices_of(run)[0].names == ["plain"]
    assert advice_of(run)[-1] == "The durability of plain is unknown."


def test_if_nothing_is_durable_all_backends_are_candidates() -> None:
    other = backend("other", durable=False)
    run = run_of([MEMORY, other], {("Pull", 1): {"memory": [200, 200], "other": [100, 100]}})
    assert choices_of(run)[0].names == ["memory"]
    assert advice_of(run)[-1] == "Not for data that must be kept: memory and other."


def test_a_backend_that_leads_with_more_clients_is_mentioned() -> None:
    values = {
        ("Pull", 1): {"fs": [400.0, 400.0], "s3": [100.0, 100.0]},
        ("Pull", 16): {"fs": [400.0, 400.0], "s3": [500.0, 520.0]},
    }
    assert "s3 leads with 16 clients" in advice_of(run_of([FS, S3], values))[0]


def test_pushes_and_pulls_are_compared_by_their_largest_case() -> None:
    run = run_of([FS, S3], {("Small", 1): {"fs": [50, 50], "s3": [500, 500]}, ("Large", 1): {"fs": [90], "s3": [60]}})
    for series in run.series:
        if series.case == "Small":
            series.spells = [
                type(spell)(100, spell.bytes, spell.elapsed, spell.generator_cpu) for spell in series.spells
            ]
    (choice,) = choices_of(run)
    assert choice.topic.cases == ["Large"]
    assert choice.names == ["fs"]


def test_a_single_round_has_no_spread_and_a_warning() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [200], "s3": [100]}})
    advice = advice_of(run)
    assert "2.00 times as fast as s3, one round, so no spread" in advice[0]
    assert "only one round" in advice[-1]
    assert compared(run) == {"s3": "2.00 (one round, so no spread)"}


def test_the_recommended_backend_is_compared_to_peers_and_limits() -> None:
    values = {
        ("Pull", 1): {"fs": [200.0, 200.0], "s3": [10.0, 10.0], "distribution": [100.0, 80.0], "nginx": [250.0] * 2}
    }
    table = compared(run_of([FS, S3, PEER, LIMIT], values))
    assert table["distribution"] == "2.25 (2.00 to 2.50)"
    assert table["nginx"] == "0.80 (0.80 to 0.80)"


def test_a_single_backend_is_described_by_its_best_and_worst_results() -> None:
    values = {("Pull", 1): {"fs": [200.0, 200.0], "distribution": [100.0, 80.0], "nginx": [250.0, 250.0]}}
    (sentence,) = advice_of(run_of([FS, PEER, LIMIT], values))
    assert "fs is the only candidate" in sentence
    assert "best result is in large pulls: 2.25 times as fast as distribution (2.00 to 2.50)" in sentence
    assert "worst in large pulls: 0.80 times as fast as nginx" in sentence


def test_without_a_backend_there_is_no_recommendation() -> None:
    run = run_of([PEER, LIMIT], {("Pull", 1): {"distribution": [1, 2], "nginx": [3, 4]}})
    assert choices_of(run) == []
    assert "No backend" in advice_of(run)[0]


def test_a_backend_that_failed_in_some_rows_is_compared_over_the_others() -> None:
    values = {
        ("Pull", 1): {"fs": [200.0, 200.0], "s3": [100.0, 100.0]},
        ("Pull", 4): {"fs": [900.0, 900.0]},
    }
    assert compared(run_of([FS, S3], values))["s3"] == "2.00 (2.00 to 2.00)"


def test_high_cpu_usage_of_the_generator_is_a_limitation() -> None:
    values = {("Pull", 1): {"fs": [200.0, 200.0], "s3": [100.0, 100.0]}}
    assert advice_of(run_of([FS, S3], values, generator_cores=1.9))[-1] == BY_SPEED
    limitation = advice_of(run_of([FS, S3], values, generator_cores=2.8))[-1]
    assert "2 of 2 series" in limitation
    assert "(70%)" in limitation


def test_a_result_near_a_ceiling_is_a_limitation_with_hashing_for_pushes_only() -> None:
    values = {("Blob", 2): {"fs": [190.0, 190.0], "s3": [100.0, 100.0]}}
    pull, push = run_of([FS, S3], values), run_of([FS, S3], values, group="push")
    pull.ceiling = push.ceiling = Ceiling(sha256=[100.0, 100.0], loopback=[1000.0])
    assert advice_of(pull)[-1] == BY_SPEED
    assert "95% of sha256 on 2 cores" in advice_of(push)[-1]


def test_failed_series_are_a_limitation() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [2, 2], "s3": [1, 1]}})
    run.series[1].failed = "503"
    assert "1 series failed, on s3" in advice_of(run)[-1]
