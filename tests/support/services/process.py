"""A program that runs during the tests, in its own session, with its log in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from entrepot_contract.toolkit.reading import ClosedOnExit

__all__ = ["STARTED", "Service", "ServiceError", "Startable"]

STARTED: list[Service] = []
"""Every service of this test run. Failure reports include the logs of the relevant ones."""


class ServiceError(Exception):
    """A program did not start, respond or exit. The message contains the end of its log."""


class Startable(ClosedOnExit):
    """Base class of servers that a ``with`` block starts, and closes at its end or if they cannot start."""

    @abstractmethod
    def start(self) -> None:
        """Start it and wait until it responds."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self


class Service:
    """A run of a server program. It is a session that includes all its child processes."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path) -> None:
        self.name = name
        self.log = log
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                # Do not leave a server behind if the test run itself is killed.
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
        """The pid of the first process, which is also the session id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the first process is running."""
        return self._process.poll() is None

    def pids(self) -> list[int]:
        """Return all processes of the session, the first process first."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and _session_of(entry) == self.pid:
                found.append(int(entry))
        return sorted(found, key=lambda pid: (pid != self.pid, pid))

    def wait_ready(self, ready: Callable[[], bool], *, seconds: float = 120) -> None:
        """Wait until ``ready`` returns True.

        Raises ServiceError if the program exits before, or after the timeout.
        """
        end = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise ServiceError(f"{self.name} exited with {self._process.returncode} at start:\n{self.tail()}")
            if time.monotonic() > end:
                raise ServiceError(f"{self.name} was not ready after {seconds} s:\n{self.tail()}")
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the first process only."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int:
        """Wait for the first process and return its exit status.

        Raises ServiceError if it is still running after ``seconds``.
        """
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ServiceError(f"{self.name} is still running after {seconds} s:\n{self.tail()}") from None

    def kill(self) -> None:
        """Kill -9 all processes of the session."""
        for pid in self.pids():
            _kill(pid)
        self._process.wait(10)
        end = time.monotonic() + 10
        while pids := self.pids():
            if time.monotonic() > end:
                raise ServiceError(f"{self.name} left processes that cannot be killed: {pids}")
            time.sleep(0.01)

    def stop(self, seconds: float = 20) -> None:
        """Stop it with SIGTERM.

        Raises ServiceError if it has to be killed, or leaves child processes behind. In either case they are killed.
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
        """Return the output of this run so far."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def tail(self, lines: int = 30) -> str:
        """Return the end of the output of this run."""
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
