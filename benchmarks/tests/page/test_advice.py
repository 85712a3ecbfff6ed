"""What the words of a report claim follows from the rounds, and nothing is claimed that does not."""

from __future__ import annotations

from collections.abc import Sequence

from entrepot_benchmarks.page.advice import Advice, advise
from entrepot_benchmarks.page.rows import rows_of
from entrepot_benchmarks.results.model import Ceiling, Estimate, PriceTable, Run, TargetInfo

from .small import backend, run_of

FS, S3, MEMORY = backend("fs", shared=False), backend("s3", shared=True), backend("memory", durable=False)
PEER, LIMIT = TargetInfo("distribution", "peer"), TargetInfo("nginx", "limit")

BY_SPEED = "Speed alone decides here: durability, several hosts and cost are below."


def advice_of(run: Run) -> Advice:
    return advise(run, rows_of(run))


def beside(advice: Advice, title: str) -> Sequence[str]:
    return dict(advice.beside).get(title, [])


def test_the_faster_one_is_chosen_with_its_factor_and_spread() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [200, 220, 210], "s3": [100, 100, 100]}})
    advice = advice_of(run)
    assert advice.lead == ["Choose fs for large pulls (2.10 times as fast as s3, 2.00 to 2.20).", BY_SPEED]
    (choice,) = advice.choices
    assert choice.names == ["fs"]
    assert choice.words[0] == "fs is 2.10 times as fast as s3 (2.00 to 2.20)."
    assert "fs 210 MB/s and s3 100 MB/s" in choice.words[-1]


def test_ratios_are_taken_within_a_round_and_not_between_medians() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [100, 200, 400], "s3": [90, 180, 360]}})
    assert "1.11 times as fast as s3, 1.11 to 1.11" in advice_of(run).lead[0]


def test_backends_that_the_rounds_cannot_tell_apart_are_both_named() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [102, 99, 105], "s3": [100, 100, 100]}})
    advice = advice_of(run)
    assert advice.lead == ["fs or s3, between which these rounds show no difference, for large pulls.", BY_SPEED]
    assert advice.choices[0].names == ["fs", "s3"]
    told = "fs shows no difference from s3 that these rounds can show (0.99 to 1.05 times as fast)."
    assert advice.choices[0].words[0] == told


def test_one_that_loses_data_is_not_chosen_however_fast_it_is() -> None:
    values = {("Pull", 1): {"fs": [200.0, 200.0], "s3": [100.0, 100.0], "memory": [900.0, 800.0]}}
    advice = advice_of(run_of([FS, S3, MEMORY], values))
    assert advice.choices[0].names == ["fs"]
    assert advice.lead[-1] == "Not for data that has to be kept: memory."
    (told,) = beside(advice, "What keeps no data")
    assert "memory is not durable" in told
    assert "large pulls, 4.25 times as fast as fs (4.00 to 4.50)" in told


def test_one_of_which_nobody_knows_whether_it_keeps_data_can_be_chosen_and_is_named() -> None:
    run = run_of([backend("plain", durable=None), S3], {("Pull", 1): {"plain": [200, 200], "s3": [100, 100]}})
    advice = advice_of(run)
    assert advice.choices[0].names == ["plain"]
    assert beside(advice, "What keeps no data") == ["Whether plain would keep data over a power cut was not noted."]


def test_where_nothing_is_durable_the_choice_is_among_what_there_is_and_says_so() -> None:
    other = backend("other", durable=False)
    run = run_of([MEMORY, other], {("Pull", 1): {"memory": [200, 200], "other": [100, 100]}})
    advice = advice_of(run)
    assert advice.choices[0].names == ["memory"]
    assert len(beside(advice, "What keeps no data")) == 2
    assert not any("left out" in sentence for sentence in beside(advice, "What keeps no data"))


def test_another_that_is_ahead_with_more_clients_is_told() -> None:
    values = {
        ("Pull", 1): {"fs": [400.0, 400.0], "s3": [100.0, 100.0]},
        ("Pull", 16): {"fs": [400.0, 400.0], "s3": [500.0, 520.0]},
    }
    advice = advice_of(run_of([FS, S3], values))
    assert "s3 leads with 16 clients" in advice.lead[0]
    assert "But with 16 clients s3 is 1.27 times as fast as fs (1.25 to 1.30)." in advice.choices[0].words
    (told,) = beside(advice, "More clients")
    assert "With 16 clients instead of 1" in told
    assert "s3 5.10 times as much (5.00 to 5.20) and fs 1.00 times as much (1.00 to 1.00)" in told


def test_pushes_and_pulls_are_judged_by_their_largest_case() -> None:
    run = run_of([FS, S3], {("Small", 1): {"fs": [50, 50], "s3": [500, 500]}, ("Large", 1): {"fs": [90], "s3": [60]}})
    for series in run.series:
        if series.case == "Small":
            series.spells = [
                type(spell)(100, spell.bytes, spell.elapsed, spell.generator_cpu) for spell in series.spells
            ]
    (choice,) = advice_of(run).choices
    assert choice.topic.cases == ["Large"]
    assert choice.names == ["fs"]


def test_one_round_shows_no_spread_and_is_warned_of() -> None:
    advice = advice_of(run_of([FS, S3], {("Pull", 1): {"fs": [200], "s3": [100]}}))
    assert "2.00 times as fast as s3, one round, so no spread" in advice.lead[0]
    assert any("one round only" in caution for caution in advice.cautions)


def test_several_hosts_are_advised_by_what_can_be_shared() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [200, 200], "s3": [100, 100]}})
    assert beside(advice_of(run), "Several hosts") == [
        "fs serves one host: what is stored is not seen by others.",
        "Where several hosts serve one registry, and each reaches the same storage (for files: a network file system), "
        "choose s3 for large pulls.",
    ]


def test_peers_and_limits_are_compared_with_the_choice() -> None:
    values = {
        ("Pull", 1): {"fs": [200.0, 200.0], "s3": [10.0, 10.0], "distribution": [100.0, 80.0], "nginx": [250.0] * 2}
    }
    advice = advice_of(run_of([FS, S3, PEER, LIMIT], values))
    assert beside(advice, "Beside other registries") == [
        "Large pulls: fs is 2.25 times as fast as distribution (2.00 to 2.50)."
    ]
    assert beside(advice, "Beside the limits") == ["Large pulls: fs is 0.80 times as fast as nginx (0.80 to 0.80)."]


def test_a_single_backend_is_told_by_what_it_is_good_at() -> None:
    values = {("Pull", 1): {"fs": [200.0, 200.0], "distribution": [100.0, 80.0], "nginx": [250.0, 250.0]}}
    (told,) = advice_of(run_of([FS, PEER, LIMIT], values)).lead
    assert "fs is the only backend" in told
    assert "best at large pulls: 2.25 times as fast as distribution (2.00 to 2.50)" in told
    assert "least at large pulls: 0.80 times as fast as nginx" in told


def test_without_a_backend_there_is_nothing_to_choose() -> None:
    advice = advice_of(run_of([PEER, LIMIT], {("Pull", 1): {"distribution": [1, 2], "nginx": [3, 4]}}))
    assert advice.choices == []
    assert "No backend" in advice.lead[0]


def test_a_backend_that_failed_in_some_rows_is_compared_over_those_it_has() -> None:
    values = {
        ("Pull", 1): {"fs": [200.0, 200.0], "s3": [100.0, 100.0]},
        ("Pull", 4): {"fs": [900.0, 900.0]},
    }
    (choice,) = advice_of(run_of([FS, S3], values)).choices
    assert choice.words[0] == "fs is 2.00 times as fast as s3 (2.00 to 2.00)."


def test_the_cheapest_is_told_apart_by_operation_and_currency() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [2, 2], "s3": [1, 1]}})
    dollars, euros = (PriceTable("mine", "2026-01-01", "a list", currency) for currency in ("USD", "EUR"))
    run.estimates = [
        Estimate("fs", "push", 5.0, dollars),
        Estimate("s3", "push", 4.0, dollars),
        Estimate("fs", "pull", 1.0, euros),
    ]
    assert beside(advice_of(run), "Cost") == [
        "By estimate a million times push costs least on s3: 4.00 USD for requests, against 5.00 USD on fs."
    ]


def test_a_generator_that_took_most_of_the_machine_is_warned_of() -> None:
    values = {("Pull", 1): {"fs": [200.0, 200.0], "s3": [100.0, 100.0]}}
    assert advice_of(run_of([FS, S3], values, generator_cores=1.9)).cautions == []
    (caution,) = advice_of(run_of([FS, S3], values, generator_cores=2.8)).cautions
    assert "2 of 2 series" in caution
    assert "(70%)" in caution


def test_a_row_near_the_ceiling_is_warned_of_and_hashing_counts_for_pushes_alone() -> None:
    values = {("Blob", 2): {"fs": [190.0, 190.0], "s3": [100.0, 100.0]}}
    pull, push = run_of([FS, S3], values), run_of([FS, S3], values, group="push")
    pull.ceiling = push.ceiling = Ceiling(sha256=[100.0, 100.0], loopback=[1000.0])
    assert advice_of(pull).cautions == []
    (caution,) = advice_of(push).cautions
    assert "95% of sha256 on 2 cores" in caution


def test_series_that_broke_off_are_warned_of() -> None:
    run = run_of([FS, S3], {("Pull", 1): {"fs": [2, 2], "s3": [1, 1]}})
    run.series[1].failed = "503"
    (caution,) = advice_of(run).cautions
    assert "1 series broke off, on s3" in caution
