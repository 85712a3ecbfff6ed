from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.interrupts import interruptible, uninterrupted
from entrepot_benchmarks.load.clients import Begun, Client, run_clients


@pytest.fixture
def others() -> set[psutil.Process]:
    """The children of this process from other tests."""
    return set(psutil.Process().children())


def client(operation: Callable[[int], int], connect: Callable[[], object] = lambda: None) -> Client:
    """Return a client that connects, and runs an operation."""

    def start() -> Callable[[int], int]:
        connect()
        return operation

    return start


def nap(number: int) -> int:
    time.sleep(0.01)
    return 7


def test_clients_start_together_after_the_slowest_has_connected() -> None:
    late = client(nap, lambda: time.sleep(2))
    spell = run_clients([client(nap), client(nap), late], 0.2)
    assert 0.2 <= spell.elapsed < 2, "connecting is not measured"
    assert 3 <= spell.operations <= 600
    assert spell.bytes == 7 * spell.operations
    assert len(spell.latencies) <= 200 + spell.operations // 200
    assert all(0.01 <= latency < 2 for latency in spell.latencies)
    assert spell.latencies == tuple(sorted(spell.latencies))


@pytest.mark.parametrize("least", [1, 5])
def test_each_client_runs_the_minimum_number_of_operations(least: int) -> None:
    begun = Begun(3)
    spell = run_clients([client(nap)] * 3, 0, begun=begun, least=least)
    assert spell.operations == 3 * least
    assert begun.operations() == [(index, number) for index in range(3) for number in range(least)]


def test_the_cpu_time_of_the_generator_is_that_of_its_clients() -> None:
    def work(number: int) -> int:
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass
        return 0

    assert 0.2 <= run_clients([client(work)] * 2, 0).generator_cpu < 0.4


def test_watch_is_called_while_clients_work_and_not_before() -> None:
    calls: list[float] = []
    began = time.perf_counter()
    run_clients([client(nap, lambda: time.sleep(0.5))], 0.6, watch=lambda: calls.append(time.perf_counter() - began))
    assert 2 <= len(calls) <= 20
    assert calls[0] >= 0.5


def test_a_failing_client_stops_the_others_and_is_reported_once(tmp_path: Path) -> None:
    def fail(number: int) -> int:
        if number == 2:
            raise BenchmarkError("the registry said no")
        return nap(number)

    began = time.monotonic()
    with pytest.raises(BenchmarkError) as raised:
        run_clients([client(nap), client(fail), client(fail)], 30)
    assert str(raised.value) == "the registry said no"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (BenchmarkError("connection refused"), "connection refused"),
        (OSError(24, "Too many files"), "OSError: .* Too many files"),
    ],
)
def test_a_client_that_cannot_connect_does_not_block_the_others(
    problem: Exception, message: str, others: set[psutil.Process]
) -> None:
    def refuse() -> None:
        raise problem

    with pytest.raises(BenchmarkError, match=message):
        run_clients([client(nap), client(nap, refuse), client(nap, lambda: time.sleep(0.3))], 30)
    assert set(psutil.Process().children()) <= others


@pytest.mark.parametrize("when", ["connecting", "working"])
def test_the_begun_operations_of_a_killed_client_are_known(when: str, others: set[psutil.Process]) -> None:
    def die(number: int = 0) -> int:
        if when == "connecting" or number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return nap(number)

    begun = Begun(2)
    doomed = client(die, die if when == "connecting" else lambda: None)
    with pytest.raises(BenchmarkError, match="client 2 of the load generator was killed by SIGKILL before it reported"):
        run_clients([client(nap), doomed], 30, begun=begun)
    numbers = [number for index, number in begun.operations() if index == 1]
    assert numbers == ([] if when == "connecting" else [0, 1, 2, 3])
    assert set(psutil.Process().children()) <= others


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_clients_finish_their_operation_after_an_interrupt(
    number: signal.Signals, tmp_path: Path, others: set[psutil.Process]
) -> None:
    def write(number: int) -> int:
        file = tmp_path / f"{os.getpid()}-{number}"
        file.write_text("begun")
        time.sleep(0.3)
        file.write_text("ended")
        return 0

    def interrupt() -> None:
        end = time.monotonic() + 60
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        ours = psutil.Process(os.getpid())
        for process in (ours, *(child for child in ours.children() if child not in others)):  # like a terminal
            process.send_signal(number)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt), interruptible():
        run_clients([client(write)] * 2, 30)
    interrupter.join()
    assert {file.read_text() for file in tmp_path.iterdir()} == {"ended"}
    assert set(psutil.Process().children()) <= others


def test_an_interrupt_is_deferred_until_after_a_removal_and_raised_once(capfd: pytest.CaptureFixture[str]) -> None:
    steps = []

    def work() -> None:
        with uninterrupted():
            with uninterrupted():
                os.kill(os.getpid(), signal.SIGINT)
                steps.append("inner")
            steps.append("outer")
        steps.append("not reached")

    def interrupted() -> None:
        with interruptible():
            try:
                work()
            finally:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGTERM)
                steps.append("cleaned")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert steps == ["inner", "outer", "cleaned"]
    assert capfd.readouterr().err.count("already stopping, removing the pushed data") == 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_interrupt_aborts_a_breakable_block(capfd: pytest.CaptureFixture[str]) -> None:
    steps = []

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        steps.append("continued")
        os.kill(os.getpid(), signal.SIGINT)
        steps.append("not reached")

    with pytest.raises(KeyboardInterrupt), interruptible(), uninterrupted(breakable=True):
        interrupted()
    assert steps == ["continued"]
    assert "press Ctrl-C again to abort it" in capfd.readouterr().err
