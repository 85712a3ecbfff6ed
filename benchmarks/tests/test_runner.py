"""The runner with real hosts: a case that fails on a target is skipped there, and everything else is measured."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from entrepot_benchmarks import ceiling
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.model import CaseInfo, Run, Series, Spell
from entrepot_benchmarks.runner import Runner
from entrepot_benchmarks.selection import Backend
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.targets import host
from entrepot_benchmarks.targets.host import EntrepotHost
from entrepot_benchmarks.workload import Workload
from entrepot_benchmarks.workloads import standard_workloads
from entrepot_benchmarks.workloads.names import EVERY_ROUND

RUN = "bench-0123456789ab"


class Recorder:
    """A progress that records its calls."""

    def __init__(self) -> None:
        self.expected = 0
        self.turns: list[str] = []
        self.faults: list[str] = []

    def expect(self, turns: int) -> None:
        self.expected = turns

    def turn(self, what: str) -> None:
        self.turns.append(what)

    def fault(self, what: str) -> None:
        self.faults.append(what)


class Faulty:
    """A workload that does nothing, and fails on the given targets."""

    def __init__(self, name: str = "Nothing", preparing: Sequence[str] = (), turning: Sequence[str] = ()) -> None:
        self.cases = (CaseInfo(name, "small", "operations/s", "nothing"),)
        self.clients = (1, 2)
        self.most_rounds = EVERY_ROUND
        self.done: list[str] = []
        self._preparing, self._turning = preparing, turning

    def prepare(self, target: Target) -> None:
        self.done.append(f"prepare {target.info.name}")
        if target.info.name in self._preparing:
            raise BenchmarkError("no\n room")

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        self.done.append(f"{target.info.name} {clients}")
        if target.info.name in self._turning and clients == 2:
            raise OSError(28, "No space left on device", "/disk")
        return {self.cases[0].name: Spell(1, 0, 1.0, 0.1)}

    def forget(self, target: Target) -> None:
        self.done.append(f"forget {target.info.name}")


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[EntrepotHost]]:
    """Two hosts with in-memory storage, for all tests that leave them running."""
    folder = tmp_path_factory.mktemp("hosts")
    with ExitStack() as stack:
        started = []
        for name in ("one", "other"):
            started.append(EntrepotHost(Backend(name, "inmemory", {}), folder / name, RUN))
            stack.callback(started[-1].close)
        yield started


@pytest.fixture(autouse=True)
def small_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure the ceilings of these many rounds with little data."""
    monkeypatch.setattr(ceiling, "SIZE", ceiling.BUFFER)


def measured(
    targets: Sequence[Target],
    workloads: Sequence[Workload],
    rounds: int,
    keep: Callable[[Run], None] = lambda run: None,
) -> tuple[Run, Recorder]:
    """Run workloads on targets."""
    cases = [case for workload in workloads for case in workload.cases]
    run = Run(datetime.now(UTC), "", rounds, {}, cases, [target.info for target in targets])
    progress = Recorder()
    Runner(run, targets, workloads, seconds=0.05, progress=progress, keep=lambda: keep(run)).measure()
    return run, progress


def test_targets_take_turns_within_each_round_up_to_most_rounds(hosts: list[EntrepotHost]) -> None:
    often, once = Faulty(), Faulty("Once")
    once.most_rounds = 1
    kept: list[int] = []
    run, progress = measured(
        hosts, [often, once], 2, lambda run: kept.append(max(len(one.spells) for one in run.series))
    )
    assert often.done[2:-2] == ["one 1", "other 1", "one 2", "other 2"] * 2
    assert once.done[2:-2] == ["one 1", "other 1", "one 2", "other 2"]
    assert kept == [1, 2]
    assert len([turn for turn in progress.turns if turn.startswith("round")]) == progress.expected == 12
    assert (len(run.ceiling.sha256), len(run.ceiling.loopback)) == (2, 2)
    assert run.partial is None


def test_a_case_that_fails_on_a_target_is_skipped_there_from_then_on(hosts: list[EntrepotHost]) -> None:
    workload = Faulty(turning=["one"])
    run, progress = measured(hosts, [workload], 3)
    assert progress.faults == ["Nothing, 2 clients, one: /disk: No space left on device"]
    assert run.partial == progress.faults[0]
    spells = {(series.target, series.clients): len(series.spells) for series in run.series}
    assert spells == {("one", 1): 3, ("other", 1): 3, ("one", 2): 0, ("other", 2): 3}
    assert workload.done.count("one 2") == 1
    assert [series.failed for series in run.series if series.failed] == ["/disk: No space left on device"]


def test_a_target_that_cannot_be_prepared_is_skipped_and_cleaned_up(hosts: list[EntrepotHost]) -> None:
    workload = Faulty(preparing=["other"])
    run, progress = measured(hosts, [workload], 1)
    assert progress.faults == ["other skipped: no room"]
    assert [target.name for target in run.targets] == ["one"]
    assert {series.target for series in run.series} == {"one"}
    assert workload.done[-2:] == ["forget one", "forget other"]


def test_nothing_to_measure_is_an_error_with_every_reason(hosts: list[EntrepotHost]) -> None:
    workload = Faulty(preparing=["one", "other"])
    with pytest.raises(BenchmarkError) as raised:
        measured(hosts, [workload], 1)
    assert str(raised.value) == "there is nothing to measure: one skipped: no room; other skipped: no room"
    assert workload.done[-2:] == ["forget one", "forget other"]


def test_an_interrupt_is_reported_with_its_round_and_earlier_reasons(hosts: list[EntrepotHost]) -> None:
    workload = Faulty(turning=["one"])

    def interrupt(run: Run) -> None:
        if len(run.series[0].spells) == 2:
            raise KeyboardInterrupt

    run, _ = measured(hosts, [workload], 3, interrupt)
    assert run.partial == "interrupted in round 2 of 3; Nothing, 2 clients, one: /disk: No space left on device"
    assert workload.done[-2:] == ["forget one", "forget other"]


def test_a_killed_host_is_reported_once_for_all_cases(tmp_path: Path, hosts: list[EntrepotHost]) -> None:
    doomed = EntrepotHost(Backend("doomed", "inmemory", {}), tmp_path / "doomed", RUN)

    def kill(run: Run) -> None:
        for pid in doomed.family.pids():
            os.kill(pid, signal.SIGKILL)

    with ExitStack() as stack:
        names = ("Get Manifest", "Get Tags", "Push Small Images")
        workloads = standard_workloads(RUN, stack, (1,), wanted=lambda name: name in names)
        run, progress = measured([doomed, hosts[0]], workloads, 3, kill)
    doomed.close()
    gone = "gone: its process was killed by SIGKILL"
    assert progress.faults == [f"doomed skipped from Get Manifest with 1 client on, because it is {gone}"]
    by_target = {name: [series for series in run.series if series.target == name] for name in ("doomed", "one")}
    assert [(len(series.spells), series.failed) for series in by_target["one"]] == [(3, None)] * 3
    assert [len(series.spells) for series in by_target["doomed"]] == [1, 1, 1]
    assert all(series.failed and series.failed.endswith(gone) for series in by_target["doomed"])


def test_a_host_with_too_much_in_memory_data_is_restarted_and_refilled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "MAX_MEMORY", 0)
    full = EntrepotHost(Backend("full", "inmemory", {}), tmp_path / "full", RUN)
    first = full.family.pids()
    with ExitStack() as stack:
        names = ("Get Manifest", "Pull 75% and Push 25% Mixed 1MB")
        workloads = standard_workloads(RUN, stack, (2,), wanted=lambda name: name in names)
        run, progress = measured([full], workloads, 1)
    assert progress.faults == []
    assert [spells(series) for series in run.series] == [1, 1]
    assert not set(first) & set(full.family.pids())
    full.close()
    assert not full.family.known


def spells(series: Series) -> int:
    """Return the number of spells, and check that each has the server's CPU time."""
    assert all(spell.server_cpu is not None and spell.operations >= 2 for spell in series.spells)
    return len(series.spells)
