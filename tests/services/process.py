"""A program that runs beside the tests, in a session of its own, with its log in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["STARTED", "Service", "ServiceError"]

STARTED: list[Service] = []
"""Every service of this test run, so that a failure can show the logs of those it met."""


class ServiceError(Exception):
    """A program did not start, did not answer or did not end; the message carries the end of its log."""


class Service:
    """One run of a server program; it is a session, and everything that it starts belongs to it."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path) -> None:
        self.name = name
        self.log = log
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                # A test run that is killed itself must not leave a server behind.
                ("setpriv", "--pdeathsig", "TERM", "--", *command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        STARTED.append(self)

    @property
    def pid(self) -> int:
        """The process that was started; also the number of its session."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the first process still runs."""
        return self._process.poll() is None

    def pids(self) -> list[int]:
        """Every process of the session, the first one first."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and _session_of(entry) == self.pid:
                found.append(int(entry))
        return sorted(found, key=lambda pid: (pid != self.pid, pid))

    def wait_ready(self, ready: Callable[[], bool], *, seconds: float = 30) -> None:
        """Wait until ``ready`` says so.

        Raises ServiceError where the program ends before, or the time is over.
        """
        end = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise ServiceError(f"{self.name} ended with {self._process.returncode} at start:\n{self.tail()}")
            if time.monotonic() > end:
                raise ServiceError(f"{self.name} was not ready after {seconds} s:\n{self.tail()}")
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the first process only."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int:
        """Wait for the first process, and answer its exit status.

        Raises ServiceError where it still runs after ``seconds``.
        """
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ServiceError(f"{self.name} still runs after {seconds} s:\n{self.tail()}") from None

    def kill(self) -> None:
        """Kill -9 all processes of the session at once."""
        for pid in self.pids():
            _kill(pid)
        self._process.wait(10)
        end = time.monotonic() + 10
        while pids := self.pids():
            if time.monotonic() > end:
                raise ServiceError(f"{self.name} left processes that no signal ends: {pids}")
            time.sleep(0.01)

    def stop(self, seconds: float = 20) -> None:
        """End it with SIGTERM.

        Raises ServiceError where it has to be killed, or leaves processes behind; nothing runs after either.
        """
        if self.running:
            self._process.terminate()
        try:
            self.wait(seconds)
            if left := [pid for pid in self.pids() if not _ends(pid)]:
                raise ServiceError(f"{self.name} left processes behind: {left}\n{self.tail()}")
        finally:
            self.kill()

    def output(self) -> str:
        """What this run has written so far."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def tail(self, lines: int = 30) -> str:
        """The end of what this run has written."""
        return "\n".join(self.output().splitlines()[-lines:])


def _session_of(pid: str) -> int | None:
    try:
        stat = Path("/proc", pid, "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, _parent, _group, session = stat.rpartition(")")[2].split()[:4]
    return None if state == "Z" else int(session)


def _ends(pid: int, seconds: float = 2) -> bool:
    end = time.monotonic() + seconds
    while _session_of(str(pid)) is not None:
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
