"""A run is stored exactly, in a file that pytest-benchmark can compare."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median

import pytest
from hypothesis import given, settings

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.document import KEY, from_document, read_document, to_document, write_document
from entrepot_benchmarks.results.model import Run

from .page.arbitrary import runs
from .page.sample import sample_run


@settings(deadline=None)
@given(run=runs())
def test_a_run_is_restored_exactly_from_its_json(run: Run) -> None:
    restored = from_document(json.loads(json.dumps(to_document(run))))
    assert restored == run
    assert restored.started.utcoffset() == run.started.utcoffset()


def test_a_file_restores_the_run_and_no_temporary_file_is_left(tmp_path: Path) -> None:
    run, file = sample_run(), tmp_path / "run.json"
    file.write_text("previous content")
    write_document(run, file)
    assert read_document(file) == run
    assert list(tmp_path.iterdir()) == [file]


def test_every_series_is_an_entry_in_seconds_per_operation() -> None:
    run = sample_run()
    document = to_document(run)
    entries = document["benchmarks"]
    assert isinstance(entries, list)
    measured = [series for series in run.series if series.spells]
    assert len(entries) == len(measured) == len(run.series) - 1
    for entry, series in zip(entries, measured, strict=True):
        seconds = [spell.elapsed / spell.operations for spell in series.spells]
        assert entry["name"] == f"{series.case}[{series.target}-{series.clients}]"
        assert entry["params"] == {"target": series.target, "clients": series.clients}
        assert entry["stats"]["data"] == seconds
        assert entry["stats"]["median"] == median(seconds)
        assert entry["stats"]["mean"] == pytest.approx(fmean(seconds))
        assert entry["stats"]["rounds"] == len(seconds)
        extra = entry["extra_info"]
        assert extra["values"] == series.values(extra["unit"])
        assert extra["latency"]["p50"] <= extra["latency"]["p90"] <= extra["latency"]["p99"]
        assert extra["failed"] == series.failed
    assert len({entry["fullname"] for entry in entries}) == len(entries)
    assert any(entry["extra_info"]["failed"] for entry in entries)


def test_a_partial_run_contains_the_reason() -> None:
    document = to_document(replace(sample_run(), partial="It was interrupted in round 3."))
    assert document["partial"] == "It was interrupted in round 3."
    assert from_document(document).partial == "It was interrupted in round 3."


def compare(directory: Path, *files: Path, more: tuple[str, ...] = ()) -> str:
    """Return the output of the installed command."""
    names = [file.relative_to(directory) for file in files]
    program = Path(sys.executable).with_name("pytest-benchmark")
    done = subprocess.run(
        [program, "compare", "--name=normal", *more, *names], cwd=directory, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Failed to load" not in done.stdout + done.stderr
    return done.stdout


def test_pytest_benchmark_shows_the_targets_of_a_case_in_one_table(tmp_path: Path) -> None:
    run, file = sample_run(), tmp_path / "run.json"
    write_document(run, file)
    printed = compare(tmp_path, file)
    tables = re.split(r"(?m)^-+ benchmark", printed)[1:]
    assert len(tables) == len({(series.case, series.clients) for series in run.series})
    table = next(table for table in tables if table.startswith(" 'Pull 1MB, 4 clients': 6 tests"))
    assert all(f"Pull 1MB[{target.name}-4]" in table for target in run.targets)


def test_pytest_benchmark_compares_two_runs(tmp_path: Path) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    write_document(sample_run(seed=1), before)
    write_document(sample_run(seed=2), after)
    printed = compare(tmp_path, before, after)
    assert "Pull 1MB[filesystem-4] (before)" in printed
    assert "Pull 1MB[filesystem-4] (after)" in printed
    between = compare(tmp_path, before, after, more=("--between=median",))
    line = next(line for line in between.splitlines() if line.startswith("Pull 1MB[filesystem-4]"))
    assert re.search(r"[+-]\d+\.\d%", line)


def test_a_run_without_any_series_can_be_compared_and_restored(tmp_path: Path) -> None:
    run = Run(datetime(2026, 1, 1, tzinfo=UTC), "entrepot bench", 0, {}, [], [])
    write_document(run, tmp_path / "run.json")
    assert "Legend" in compare(tmp_path, tmp_path / "run.json")
    assert read_document(tmp_path / "run.json") == run


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no JSON", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[]", "a JSON list"),
        (b"{}", f'"{KEY}" is missing'),
        (b'{"benchmarks": []}', "a file of pytest-benchmark itself"),
        (b'{"entrepot": {}}', '"entrepot.started" is invalid'),
        (b'{"entrepot": 3}', '"entrepot" is invalid'),
    ],
)
def test_a_file_that_is_not_a_run_is_rejected(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "other.json"
    file.write_bytes(content)
    with pytest.raises(BenchmarkError) as raised:
        read_document(file)
    message = str(raised.value)
    assert str(file) in message
    assert reason in message
    assert "`entrepot bench`" in message


@pytest.mark.parametrize(
    ("series", "key"),
    [
        ({"clients": "many"}, "entrepot.series.0.clients"),
        ({"case": "unknown"}, "entrepot.series.0.case"),
        ({"target": "unknown"}, "entrepot.series.0.target"),
        ({"spells": [{"operations": 0, "bytes": 0, "elapsed": 1, "generator_cpu": 0}]}, "entrepot.series.0.spells.0"),
        ({"spells": [{"operations": 1, "bytes": 0, "elapsed": 0, "generator_cpu": 0}]}, "entrepot.series.0.spells.0"),
    ],
)
def test_a_modified_document_is_rejected_with_the_invalid_key(series: dict[str, object], key: str) -> None:
    document = json.loads(json.dumps(to_document(sample_run())))
    document[KEY]["series"][0].update(series)
    with pytest.raises(BenchmarkError, match=re.escape(f'"{key}"')):
        from_document(document)


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=re.escape(str(tmp_path / "none.json"))):
        read_document(tmp_path / "none.json")
    with pytest.raises(BenchmarkError, match=re.escape(str(tmp_path / "none" / "run.json"))):
        write_document(sample_run(), tmp_path / "none" / "run.json")
