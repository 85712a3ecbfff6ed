"""The whole suite at tiny sizes: every server starts, every row is filled, nothing stays. No timing is judged."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from entrepot_benchmarks.__main__ import main

NEEDED = {"docker-registry": "docker-registry", "nginx": "nginx-light", "wrk": "wrk"}
MISSING = [
    package for program, package in NEEDED.items() if shutil.which(program, path="/usr/sbin:/usr/bin:/bin") is None
]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"programs are missing: apt-get install {' '.join(MISSING)}")

PAIRS = [
    ("push 1 MiB, one stream", "docker-registry"),
    ("push 1 MiB, one stream", "bare loop, cached writes"),
    ("push 1 MiB, one stream", "bare loop, direct writes"),
    ("push 4 x 1 MiB, 4 streams", "docker-registry"),
    ("pull 1 MiB, warm", "docker-registry"),
    ("pull 1 MiB, warm", "nginx"),
    ("pull 1 MiB, cold (file out of the page cache)", "docker-registry"),
    ("pull 1 MiB, cold (file out of the page cache)", "nginx"),
    ("GET manifest by tag", "docker-registry"),
    ("GET blob of 1 KiB", "docker-registry"),
    ("tags list, 100 tags", "docker-registry"),
    ("small images (4 layers of 10 kB), 4 clients", "docker-registry"),
    ("peak memory (PSS), 16 pushes of 1 MiB at once", "docker-registry"),
    ("peak memory (RSS), 16 pushes of 1 MiB at once", "docker-registry"),
]


@pytest.mark.parametrize("side", ["entrepot", "docker-registry (A)"])
def test_every_row_is_filled_and_nothing_stays_behind(
    side: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, file = tmp_path / "data", tmp_path / "result.json"
    data.mkdir()
    arguments = ["--quick", "--size", "1", "--rounds", "1", "--data", str(data), "--json", str(file)]
    status = main([*arguments, *(["--self"] if side != "entrepot" else [])])
    printed = capsys.readouterr()
    assert status == 0, printed.err

    header, rule, *lines = [line for line in printed.out.splitlines() if line.startswith("|")]
    assert header.split(" | ")[2] == side
    assert len({line.count("|") for line in (header, rule, *lines)}) == 1
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    pairs = [pair for pair in PAIRS if (pair[1] != "bare loop, direct writes" or _takes_direct_writes(cells))]
    assert [(row[0], row[3]) for row in cells] == pairs
    assert all(re.fullmatch(r"\*\*\d+\.\d\d\*\*", row[5]) for row in cells)
    assert all(("reached" in row[7] or "short" in row[7]) == bool(row[7]) for row in cells)
    assert any(row[7] for row in cells) == (side == "entrepot")
    assert "- cores: " in printed.out

    rows = json.loads(file.read_text())["rows"]
    assert all(value > 0 for row in rows for value in row["subject_values"] + row["peer_values"])
    assert all(len(row["subject_values"]) == len(row["peer_values"]) == 1 for row in rows)
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("rows", [["password", "token"], ["without"]], ids=["users", "self"])
def test_authenticated_requests_are_measured_beside_anonymous_ones(
    rows: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--backend", "auth", "--quick", "--rounds", "1", "--data", str(tmp_path)]
    status = main([*arguments, *(["--self"] if rows == ["without"] else [])])
    printed = capsys.readouterr()
    assert status == 0, printed.err

    _, _, *lines = [line for line in printed.out.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    titles = [f"GET manifest by tag, {how}" for how in rows]
    assert [row[0] for row in cells] == [row for title in titles for row in (title, f"{title}, by processor time")]
    assert [row[0] for row in cells if row[7].startswith("≥ 0.7")] == (titles if len(rows) == 2 else [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", ["told", "self"])
def test_a_registry_with_a_webhook_is_measured_beside_one_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    arguments = ["--backend", "notifications", "--quick", "--rounds", "1", "--data", str(tmp_path)]
    status = main([*arguments, *(["--self"] if how == "self" else [])])
    printed = capsys.readouterr()
    assert status == 0, printed.err

    _, _, *lines = [line for line in printed.out.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[0].partition(" (")[0] for row in cells] == ["small images", "GET manifest by tag"]
    aims = [row[7].rpartition(" ")[0] for row in cells]
    assert aims == (["", ""] if how == "self" else ["≥ 0.9", "≥ 0.85"])
    assert list(tmp_path.iterdir()) == []


def _takes_direct_writes(cells: list[list[str]]) -> bool:
    return any(row[3] == "bare loop, direct writes" for row in cells)
