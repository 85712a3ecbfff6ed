"""The statements of a report follow from the rounds."""

from __future__ import annotations

from collections.abc import Sequence

from entrepot_benchmarks.page.advice import Advice, advise
from entrepot_benchmarks.page.rows import rows_of
from entrepot_benchmarks.results.model import Ceiling, Estimate, PriceTable, Run, TargetInfo

from .small import backend, run_of

FS, S3, MEMORY = backend("fs", shared=False), backend("s3", shared=True), backend("memory", durable=False)
PEER, LIMIT = TargetInfo("distribution", "peer"), TargetInfo("nginx", "limit")

BY_SPEED = "This is based on speed only; see below for durability, several hosts and cost."


def advice_of(run: Run) -> Advice:
    return advise(run, rows_of(run))


def beside(advice: Advice, title: str) -> Sequence[str]:
    return dict(advice.beside).get(title, [])


def test_the_faster_backend_is_recommended_with_factor_and_spread() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [200, 220, 210], "s3": [100, 100, 100]}})
    advice = advice_of(run)
    assert advice.lead == ["Choose fs for large pulls (2.10 times as fast as s3, 2.00 to 2.20).", BY_SPEED]
    (choice,) = advice.choices
    assert choice.names == ["fs"]
    assert choice.words[0] == "fs is 2.10 times as fast as s3 (2.00 to 2.20)."
    assert "fs 210 MB/s and s3 100 MB/s" in choice.words[-1]


def test_ratios_are_computed_within_rounds_not_between_medians() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [100, 200, 400], "s3": [90, 180, 360]}})
    assert "1.11 times as fast as s3, 1.11 to 1.11" in advice_of(run).lead[0]


def test_backends_without_a_significant_difference_are_both_named() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [102, 99, 105], "s3": [100, 100, 100]}})
    advice = advice_of(run)
    assert advice.lead == ["Choose fs or s3, which show no significant difference, for large pulls.", BY_SPEED]
    assert advice.choices[0].names == ["fs", "s3"]
    expected = "fs shows no significant difference from s3 (0.99 to 1.05 times as fast)."
    assert advice.choices[0].words[0] == expected


def test_a_backend_that_is_not_durable_is_not_recommended_even_if_it_is_fast() -> None:
    values = {("Pull", 1): {"fs": [200.0, 200.0], "s3": [100.0, 100.0], "memory": [900.0, 800.0]}}
    advice = advice_of(run_of([FS, S3, MEMORY], values))
    assert advice.choices[0].names == ["fs"]
    assert advice.lead[-1] == "Not for data that must be kept: memory."
    (sentence,) = beside(advice, "Durability")
    assert "memory is not durable" in sentence
    assert "large pulls, 4.25 times as fast as fs (4.00 to 4.50)" in sentence


def test_a_backend_with_unknown_durability_can_be_recommended_and_is_named() -> None:
    run = run_of([backend("plain", durable=None), S3], {("Pull", 1): {"plain": [200, 200], "s3": [100, 100]}})
    advice = advice_of(run)
    assert advice.choices[0].names == ["plain"]
    assert beside(advice, "Durability") == ["The durability of plain is unknown."]


def test_if_nothing_is_durable_all_backends_are_candidates() -> None:
    other = backend("other", durable=False)
    run = run_of([MEMORY, other], {("Pull", 1): {"memory": [200, 200], "other": [100, 100]}})
    advice = advice_of(run)
    assert advice.choices[0].names == ["memory"]
    assert len(beside(advice, "Durability")) == 2
    assert not any("not a candidate" in sentence for sentence in beside(advice, "Durability"))


def test_a_backend_that_leads_with_more_clients_is_mentioned() -> None:
    values = {
        ("Pull", 1): {"fs": [400.0, 400.0], "s3": [100.0, 100.0]},
        ("Pull", 16): {"fs": [400.0, 400.0], "s3": [500.0, 520.0]},
    }
    advice = advice_of(run_of([FS, S3], values))
    assert "s3 leads with 16 clients" in advice.lead[0]
    assert "But with 16 clients s3 is 1.27 times as fast as fs (1.25 to 1.30)." in advice.choices[0].words
    (sentence,) = beside(advice, "More clients")
    assert "with 16 clients relative to 1" in sentence
    assert "s3 5.10 times (5.00 to 5.20) and fs 1.00 times (1.00 to 1.00)" in sentence


def test_pushes_and_pulls_are_compared_by_their_largest_case() -> None:
    run = run_of([FS, S3], {("Small", 1): {"fs": [50, 50], "s3": [500, 500]}, ("Large", 1): {"fs": [90], "s3": [60]}})
    for series in run.series:
        if series.case == "Small":
            series.spells = [
                type(spell)(100, spell.bytes, spell.elapsed, spell.generator_cpu) for spell in series.spells
            ]
    (choice,) = advice_of(run).choices
    assert choice.topic.cases == ["Large"]
    assert choice.names == ["fs"]


def test_a_single_round_has_no_spread_and_a_warning() -> None:
    advice = advice_of(run_of([FS, S3], {("Pull", 1): {"fs": [200], "s3": [100]}}))
    assert "2.00 times as fast as s3, one round, so no spread" in advice.lead[0]
    assert any("only one round" in caution for caution in advice.cautions)


def test_shared_backends_are_recommended_for_several_hosts() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [200, 200], "s3": [100, 100]}})
    assert beside(advice_of(run), "Several hosts") == [
        "fs serves only one host: stored data is not visible to other hosts.",
        "If several hosts serve one registry from the same storage (for files: a network file system), "
        "choose s3 for large pulls.",
    ]


def test_the_recommended_backend_is_compared_to_peers_and_limits() -> None:
    values = {
        ("Pull", 1): {"fs": [200.0, 200.0], "s3": [10.0, 10.0], "distribution": [100.0, 80.0], "nginx": [250.0] * 2}
    }
    advice = advice_of(run_of([FS, S3, PEER, LIMIT], values))
    assert beside(advice, "Compared to other registries") == [
        "Large pulls: fs is 2.25 times as fast as distribution (2.00 to 2.50)."
    ]
    assert beside(advice, "Compared to the limits") == [
        "Large pulls: fs is 0.80 times as fast as nginx (0.80 to 0.80)."
    ]


def test_a_single_backend_is_described_by_its_best_and_worst_results() -> None:
    values = {("Pull", 1): {"fs": [200.0, 200.0], "distribution": [100.0, 80.0], "nginx": [250.0, 250.0]}}
    (sentence,) = advice_of(run_of([FS, PEER, LIMIT], values)).lead
    assert "fs is the only candidate" in sentence
    assert "best result is in large pulls: 2.25 times as fast as distribution (2.00 to 2.50)" in sentence
    assert "worst in large pulls: 0.80 times as fast as nginx" in sentence


def test_without_a_backend_there_is_no_recommendation() -> None:
    advice = advice_of(run_of([PEER, LIMIT], {("Pull", 1): {"distribution": [1, 2], "nginx": [3, 4]}}))
    assert advice.choices == []
    assert "No backend" in advice.lead[0]


def test_a_backend_that_failed_in_some_rows_is_compared_over_the_others() -> None:
    values = {
        ("Pull", 1): {"fs": [200.0, 200.0], "s3": [100.0, 100.0]},
        ("Pull", 4): {"fs": [900.0, 900.0]},
    }
    (choice,) = advice_of(run_of([FS, S3], values)).choices
    assert choice.words[0] == "fs is 2.00 times as fast as s3 (2.00 to 2.00)."


def test_the_cheapest_is_determined_by_operation_and_currency() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [2, 2], "s3": [1, 1]}})
    dollars, euros = (PriceTable("mine", "2026-01-01", "a list", currency) for currency in ("USD", "EUR"))
    run.estimates = [
        Estimate("fs", "push", 5.0, dollars),
        Estimate("s3", "push", 4.0, dollars),
        Estimate("fs", "pull", 1.0, euros),
    ]
    assert beside(advice_of(run), "Cost") == [
        "The estimated cost of requests for a million times push is lowest on s3: 4.00 USD, compared to 5.00 USD on fs."
    ]


def test_high_cpu_usage_of_the_generator_is_a_limitation() -> None:
    values = {("Pull", 1): {"fs": [200.0, 200.0], "s3": [100.0, 100.0]}}
    assert advice_of(run_of([FS, S3], values, generator_cores=1.9)).cautions == []
    (caution,) = advice_of(run_of([FS, S3], values, generator_cores=2.8)).cautions
    assert "2 of 2 series" in caution
    assert "(70%)" in caution


def test_a_result_near_a_ceiling_is_a_limitation_with_hashing_for_pushes_only() -> None:
    values = {("Blob", 2): {"fs": [190.0, 190.0], "s3": [100.0, 100.0]}}
    pull, push = run_of([FS, S3], values), run_of([FS, S3], values, group="push")
    pull.ceiling = push.ceiling = Ceiling(sha256=[100.0, 100.0], loopback=[1000.0])
    assert advice_of(pull).cautions == []
    (caution,) = advice_of(push).cautions
    assert "95% of sha256 on 2 cores" in caution


def test_failed_series_are_a_limitation() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [2, 2], "s3": [1, 1]}})
    run.series[1].failed = "503"
    (caution,) = advice_of(run).cautions
    assert "1 series failed, on s3" in caution
