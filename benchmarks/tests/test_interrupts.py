"""Ctrl-C and SIGTERM at any moment: the run ends at once, says where it ended, and leaves nothing behind."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from benchmarks.tests.bench import Bench, Outcome
from benchmarks.tests.somebody import files, someones

LONG = ("--rounds", "3", "--seconds", "20", "--clients", "2", "--case", "Push Monolith 1MB", "--data", "data")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where somebody's registry has an image's blob."""
    folder = someones(tmp_path / "store")
    (tmp_path / "options.yml").write_text(f"rootdirectory: {folder}\n")
    return folder


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The command, in a folder of its own."""
    return Bench(tmp_path / "run")


def blobs(store: Path) -> list[Path]:
    """Whatever has been pushed so far."""
    return list(store.glob("docker/registry/v2/repositories/bench-*/*/_layers/sha256/*/link"))


def kept(outcome: Outcome, where: str) -> None:
    """See that the results are kept, and say that they are partial."""
    assert outcome.status == 130, outcome.errors
    partial = outcome.run.partial
    assert partial is not None
    assert partial.startswith(f"interrupted {where}")
    assert where in outcome.page
    assert where in outcome.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_pushes_are_interrupted_in_the_middle_of_a_round(
    number: signal.Signals, bench: Bench, store: Path, tmp_path: Path
) -> None:
    before = files(store)
    started = bench.start("--backend", f"filesystem={tmp_path}/options.yml", *LONG)
    started.wait_for(lambda: len(blobs(store)) > 2)
    clients = len(started.processes())
    if number is signal.SIGINT:
        started.ctrl_c()
    else:
        started.process.send_signal(number)
    outcome = started.end()
    assert clients > 3, "the command, its host, and two clients"
    kept(outcome, "in round 1 of 3")
    assert files(store) == before


def test_preparation_is_interrupted(bench: Bench, store: Path, tmp_path: Path) -> None:
    before = files(store)
    started = bench.start("--backend", f"filesystem={tmp_path}/options.yml", "--case", "Pull 100MB", "--data", "data")
    started.wait_until_said("prepare filesystem")
    started.wait_for(lambda: any((store / ".entrepot" / "uploads").glob("*")))
    started.ctrl_c()
    outcome = started.end()
    kept(outcome, "before the first round")
    assert files(store) == before


def test_the_start_of_a_server_is_interrupted(bench: Bench) -> None:
    started = bench.start("--backend", "inmemory", *LONG)
    started.wait_until_said("start inmemory")
    started.wait_for(lambda: len(started.processes()) > 1)
    started.ctrl_c()
    kept(started.end(), "before the first round")


def test_the_count_of_requests_is_interrupted(bench: Bench) -> None:
    short = ("--rounds", "1", "--seconds", "0.05", "--clients", "1", "--case", "Get Manifest", "--data", "data")
    started = bench.start("--backend", "filesystem", *short)
    started.wait_until_said("count the requests of filesystem")
    started.ctrl_c()
    outcome = started.end()
    kept(outcome, "while requests were counted")
    assert [len(series.spells) for series in outcome.run.series] == [1]
