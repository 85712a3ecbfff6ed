"""Runs ``entrepot bench`` as from a terminal, in a separate process group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Final
from uuid import uuid4

import psutil

from entrepot_benchmarks.results.document import read_document
from entrepot_benchmarks.results.model import Run
from support.services.registry import clean_environment

__all__ = ["SHORT", "Bench", "Outcome", "Started"]

SHORT: Final = ("--rounds", "1", "--seconds", "0.05", "--clients", "1")
MARK: Final = "OF_THIS_TEST"
SECONDS: Final = 280
"""The longest wait for a command: no measure of its speed, just less than the time limit of a test."""


@dataclass(frozen=True)
class Outcome:
    """The result of a command; ``arguments`` are the command lines of all observed processes."""

    folder: Path
    status: int
    output: str
    errors: str
    arguments: frozenset[str] = frozenset()

    @property
    def run(self) -> Run:
        """The run from the JSON output."""
        return read_document(self.folder / "bench.json")

    @property
    def page(self) -> str:
        """The report."""
        return (self.folder / "report.html").read_text(encoding="utf-8")

    @property
    def faults(self) -> list[str]:
        """The reported faults, without their prefix."""
        prefix = "entrepot bench: "
        return [line.removeprefix(prefix) for line in self.errors.splitlines() if line.startswith(prefix)]

    def everything(self) -> str:
        """Return all output and command lines."""
        files = [path.read_text() for path in sorted(self.folder.glob("*.json")) + sorted(self.folder.glob("*.html"))]
        return "\n".join([self.output, self.errors, *self.arguments, *files])


@dataclass
class Started:
    """A running command in a new session; its processes are marked in their environment."""

    folder: Path
    mark: str
    process: subprocess.Popen[bytes]
    seen: set[str] = field(default_factory=set)
    ended: Event = field(default_factory=Event)
    watcher: Thread | None = None

    def processes(self) -> list[psutil.Process]:
        """Return all running processes of the command, including the first one."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):
                if process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def errors(self) -> str:
        """Return the output to standard error so far."""
        return (self.folder / "stderr").read_text(errors="replace")

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds."""
        end = time.monotonic() + SECONDS
        while not condition():
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < end, self.errors()
            time.sleep(0.03)

    def wait_for_output(self, text: str) -> None:
        """Wait for a text on standard error."""
        self.wait_for(lambda: text in self.errors())

    def ctrl_c(self) -> None:
        """Send SIGINT to the process group, like a terminal."""
        os.killpg(self.process.pid, signal.SIGINT)

    def watch(self) -> None:
        """Start recording the command lines of all its processes."""

        def record() -> None:
            while not self.ended.wait(0.3):
                for process in self.processes():
                    with suppress(psutil.Error):
                        self.seen.add(" ".join(process.cmdline()))

        self.watcher = Thread(target=record)
        self.watcher.start()

    def end(self) -> Outcome:
        """Wait for its end, and check that no process is running and ``data`` is empty."""
        try:
            status = self.process.wait(SECONDS)
            left = [" ".join(process.cmdline()) for process in self.processes()]
        finally:
            self.ended.set()
            if self.watcher is not None:
                self.watcher.join()
            for process in self.processes():
                process.kill()
            self.process.wait()
        output = (self.folder / "stdout").read_text(errors="replace")
        errors = self.errors()
        assert left == [], errors
        assert "Traceback" not in output + errors
        assert list((self.folder / "data").iterdir()) == [], errors
        return Outcome(self.folder, status, output, errors, frozenset(self.seen))


class Bench:
    """Starts the command in a folder, in which ``data`` is empty before and after a run."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._environment = environment or {}
        (folder / "data").mkdir(parents=True, exist_ok=True)

    def start(self, *arguments: str, module: Sequence[str] = ("entrepot", "bench")) -> Started:
        """Start the command in the folder, with default file names."""
        mark = uuid4().hex
        command = [sys.executable, "-m", *module, *arguments]
        environment = {**clean_environment(self.folder / "home"), **self._environment, MARK: mark}
        with (self.folder / "stdout").open("wb") as output, (self.folder / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        return Started(self.folder, mark, process)

    def run(self, *arguments: str, module: Sequence[str] = ("entrepot", "bench")) -> Outcome:
        """Start the command and wait for its end."""
        return self.start(*arguments, "--data", "data", module=module).end()
