"""``entrepot-contract badge``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from entrepot_contract.command import main
from entrepot_contract.testing.badge import badge

COLORS = {"fail": "red", "not-run": "orange", "known-failure": "orange", "pending": "yellow", "not-claimed": "green"}


@pytest.mark.parametrize("status", COLORS)
def test_the_badge_is_not_green_unless_all_requirements_pass(status: str) -> None:
    made = badge({"drivers": [{"contract": "1.0", "summary": {status: 1, "pass": 90}}]})
    assert made["color"] == COLORS[status]
    assert made["message"] == f"1 {status}, 90 pass"
    assert made["label"] == "entrepot storage contract 1.0"


def test_nothing_that_was_run_is_red() -> None:
    assert badge({"drivers": [], "sinks": [{"contract": "1.0", "summary": {}}]})["color"] == "red"


def test_the_command_writes_the_badge(tmp_path: Path) -> None:
    (tmp_path / "kit.json").write_text(json.dumps({"drivers": [{"contract": "1.1", "summary": {"pass": 9}}]}))
    assert main(["badge", str(tmp_path / "kit.json"), str(tmp_path / "out.json")]) == 0
    assert json.loads((tmp_path / "out.json").read_text())["schemaVersion"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "No such file"), ("{", "cannot be used"), ("[]", "0 plugins"), ('{"drivers": [{}, {}]}', "2 plugins")],
)
def test_a_report_that_has_no_badge_is_refused(
    tmp_path: Path, text: str | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (tmp_path / "kit.json").write_text(text)
    assert main(["badge", str(tmp_path / "kit.json"), str(tmp_path / "out.json")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
