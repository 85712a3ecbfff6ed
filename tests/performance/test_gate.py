"""The gate: a real run with docker-registry, compared with baselines that are far above and far below it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from performance.gate import __main__ as gate
from performance.gate.baseline import Baseline, load_baseline
from performance.gate.judging import judge_calls, judge_ratios
from performance.gate.measuring import Extent
from performance.gate.protocols import EXPECTED, UPLOADS
from support.services.programs import need

from entrepot_benchmarks.errors import BenchmarkError

TINY = Extent(rounds=1, seconds=0.1, again=1, rates=True, cases=("Get Manifest",))


@pytest.fixture
def recorded(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A baseline of this machine, from one tiny run."""
    need(request, "docker-registry", "curl")
    monkeypatch.setattr(gate, "SHORT", TINY)
    monkeypatch.setattr(gate, "UPLOADS", replace(UPLOADS, rounds=1, again=0))
    file = tmp_path / "baseline.json"
    done = CliRunner().invoke(gate.main, ["--short", "--record", "--baseline", str(file), "--data", str(tmp_path)])
    assert done.exit_code == 0, done.output
    return file


def judged(file: Path, **changes: object) -> tuple[int, str]:
    """Run the gate with a modified baseline. Return its exit status and its output."""
    content = {**json.loads(file.read_text()), **changes}
    file.write_text(json.dumps(content))
    done = CliRunner().invoke(gate.main, ["--short", "--baseline", str(file), "--data", str(file.parent)])
    return done.exit_code, done.output


@pytest.mark.soak  # `make test` runs the gate itself
def test_runs_are_recorded_and_compared_by_ratios_and_calls(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    baseline = load_baseline(recorded)
    ((processor, ratios),) = baseline.ratios.items()
    assert {row.rpartition(": ")[2] for row in ratios} == {"work", "rate"}
    assert {row.partition(": ")[0] for row in ratios} == set(gate.SUBJECTS)
    assert all(ratio > 0 for ratio in ratios.values())
    (http2,) = EXPECTED
    assert http2 not in ratios, "it is the same on every processor"

    row = "filesystem: Get Manifest, 4 clients: work"
    high = {**{each: ratio / 50 for each, ratio in ratios.items()}, row: ratios[row] * 50}
    monkeypatch.setitem(EXPECTED, http2, 0.01)
    status, output = judged(recorded, ratios={processor: high})
    assert status == 1
    assert output.count("regression: ") == output.count("LOST") == 1
    assert f"regression: {row} is at" in output
    assert http2 in output

    calls = dict.fromkeys(baseline.calls, 1)
    monkeypatch.setitem(EXPECTED, http2, 100.0)
    status, output = judged(recorded, ratios={"another processor": high}, calls=calls)
    assert status == 1, "calls do not depend on the processor"
    assert "regression: filesystem: push of an image" in output
    assert "no ratios for the processor" in output
    assert f"regression: {http2} is at" in output

    kept = "inmemory: Get Manifest, 4 clients: work"
    recorded.write_text(json.dumps({"ratios": {processor: {**ratios, kept: 0.001}}, "calls": {}}))
    CliRunner().invoke(gate.main, ["--short", "--record", "--baseline", str(recorded), "--data", str(recorded.parent)])
    again = load_baseline(recorded)
    assert again.ratios[processor][kept] == 0.001, "recording again keeps the minimum"
    assert again.calls == baseline.calls
    assert sorted(path.name for path in recorded.parent.iterdir()) == [recorded.name]


@pytest.mark.parametrize(
    ("kept", "lost"), [([0.81, 0.9, 0.5], False), ([0.79, 0.78, 2.0], True), ([0.8], False)], ids=str
)
def test_the_median_of_the_rounds_decides(kept: list[float], lost: bool) -> None:
    (verdict,) = judge_ratios({"row": [10 * share for share in kept], "new": [1.0]}, {"row": 10.0, "gone": 1.0})
    assert verdict.lost is lost


@pytest.mark.parametrize(
    ("measured", "lost"),
    [
        pytest.param([0.77, 0.94, 1.23, 0.71, 0.44], False, id="as it is"),
        pytest.param([0.32, 0.19, 0.26, 0.35, 0.29], True, id="with windows of 1 MiB and without TCP_NODELAY"),
    ],
)
def test_uploads_over_http2_below_half_of_the_rate_of_http1_are_a_regression(measured: list[float], lost: bool) -> None:
    (row,) = EXPECTED
    (verdict,) = judge_ratios({row: measured}, EXPECTED)
    assert verdict.lost is lost


@pytest.mark.parametrize(("calls", "lost"), [(8, False), (10, False), (12, False), (13, True)])
def test_a_quarter_more_calls_are_a_regression(calls: int, lost: bool) -> None:
    (verdict,) = judge_calls({"row": calls, "new": 5}, Baseline(calls={"row": 10}))
    assert verdict.lost is lost


@pytest.mark.parametrize("content", [None, "{", '{"ratios": {"cpu": {"row": "fast"}}}', '{"more": 1}'])
def test_an_unreadable_baseline_is_reported_with_a_remedy(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BenchmarkError, match=r"baseline\.json.*--record"):
        load_baseline(file)


def test_the_baseline_of_the_repository_has_every_row_of_the_gate() -> None:
    stored = load_baseline(Path(__file__).with_name("baseline.json"))
    assert stored.calls
    for ratios in stored.ratios.values():
        for subject in gate.SUBJECTS:
            for case in gate.SHORT.cases:
                assert f"{subject}: {case}, 4 clients: work" in ratios
