"""Ctrl-C and SIGTERM: the run stops immediately, reports where it stopped, and leaves nothing behind."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support.bench import Bench, Outcome

from .existing_store import existing_store, files

LONG = ("--rounds", "3", "--seconds", "20", "--clients", "2", "--case", "Push Monolith 1MB", "--data", "data")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with existing content."""
    folder = existing_store(tmp_path / "store")
    (tmp_path / "options.yml").write_text(f"rootdirectory: {folder}\n")
    return folder


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The command in a separate folder."""
    return Bench(tmp_path / "run")


def blobs(store: Path) -> list[Path]:
    """Return the links that were pushed so far."""
    return list(store.glob("docker/registry/v2/repositories/bench-*/*/_layers/sha256/*/link"))


def kept(outcome: Outcome, where: str) -> None:
    """Check that the results are written, and marked as partial."""
    assert outcome.status == 130, outcome.errors
    partial = outcome.run.partial
    assert partial is not None
    assert partial.startswith(f"interrupted {where}")
    assert where in outcome.page
    assert where in outcome.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_during_pushes(number: signal.Signals, bench: Bench, store: Path, tmp_path: Path) -> None:
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


def test_an_interrupt_during_preparation(bench: Bench, store: Path, tmp_path: Path) -> None:
    before = files(store)
    started = bench.start("--backend", f"filesystem={tmp_path}/options.yml", "--case", "Pull 100MB", "--data", "data")
    started.wait_for_output("prepare filesystem")
    started.wait_for(lambda: any((store / ".entrepot" / "uploads").glob("*")))
    started.ctrl_c()
    outcome = started.end()
    kept(outcome, "before the first round")
    assert files(store) == before


def test_an_interrupt_during_the_start_of_a_server(bench: Bench) -> None:
    started = bench.start("--backend", "inmemory", *LONG)
    started.wait_for_output("start inmemory")
    started.wait_for(lambda: len(started.processes()) > 1)
    started.ctrl_c()
    kept(started.end(), "before the first round")


def test_an_interrupt_while_requests_are_counted(bench: Bench) -> None:
    short = ("--rounds", "1", "--seconds", "0.05", "--clients", "1", "--case", "Get Manifest", "--data", "data")
    started = bench.start("--backend", "filesystem", *short)
    started.wait_for_output("count the requests of filesystem")
    started.ctrl_c()
    outcome = started.end()
    kept(outcome, "while requests were counted")
    assert [len(series.spells) for series in outcome.run.series] == [1]
