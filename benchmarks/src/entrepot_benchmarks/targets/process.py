"""A server as a process of its own, from its start to its end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from entrepot_benchmarks.errors import BenchmarkError

__all__ = ["ServerProcess", "family", "free_port", "require"]

# What configures registries and SDKs from outside would let the sides of a comparison differ.
FOREIGN = ("AWS_", "AZURE_", "GOOGLE_", "REGISTRY_", "ENTREPOT_", "GRANIAN_", "OTEL_")
START_SECONDS = 30.0
STOP_SECONDS = 15.0


def require(program: str, package: str) -> str:
    """The path of a program.

    Raises BenchmarkError, with the line that installs it, where it is missing.
    """
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        raise BenchmarkError(f"the program {program!r} is missing: on Debian, apt-get install {package}")
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class ServerProcess:
    """Starts ``command``, waits until its port answers, and ends it and its children by process id."""

    def __init__(self, command: Sequence[str], port: int, log: Path) -> None:
        self.log = log
        env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - no shell, and the commands are ours
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env
            )
        self._wait_for(port)

    @property
    def pids(self) -> list[int]:
        """The process and all its descendants."""
        return family(self._process.pid)

    def cpu_seconds(self) -> float:
        """The processor time that the process and all its descendants have taken since they were started."""
        ticks = 0
        for pid in self.pids:
            with suppress(FileNotFoundError, ProcessLookupError):  # one that ended in between serves nobody
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])  # utime and stime of proc_pid_stat(5)
        return ticks / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask the process to end, and make it and its children where it does not."""
        pids = self.pids
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            self._process.wait()

    def _wait_for(self, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        self.stop()
        said = self.log.read_text(errors="replace")[-2000:]
        raise BenchmarkError(f"{self._process.args!r} did not listen on 127.0.0.1:{port}; it said: {said}")


def family(root: int) -> list[int]:
    """The process ids of ``root`` and of all its descendants that run now."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path("/proc", entry, "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended between the listing and the look
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found
