"""Servers in separate processes."""

from __future__ import annotations

import atexit
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
from entrepot_benchmarks.targets.family import Family

__all__ = ["ServerProcess", "free_port", "require"]

# Prefixes of environment variables that configure registries, which would distort a comparison.
FOREIGN = ("REGISTRY_", "ENTREPOT_", "GRANIAN_", "OTEL_")
START_SECONDS = 30.0
STOP_SECONDS = 15.0
MAX_MESSAGE = 500


def require(program: str, package: str) -> str:
    """Return the path of a program.

    Raises BenchmarkError, with the command that installs it, if it is missing.
    """
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        raise BenchmarkError(f"the program {program!r} is missing: on Debian, apt-get install {package}")
    return found


def free_port() -> int:
    """Return a free port of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class ServerProcess:
    """Starts ``command``, waits until its port accepts connections, and stops it and its children.

    Environment variables that begin with a prefix in ``foreign``, or that configure registries, are removed. Raises
    BenchmarkError if the start fails; no process is left running then, nor after an interrupt.
    """

    def __init__(self, command: Sequence[str], port: int, log: Path, foreign: Sequence[str] = ()) -> None:
        self.log = log
        self.family = Family(lambda: self._process.pid)
        env = {name: value for name, value in os.environ.items() if not name.startswith((*FOREIGN, *foreign))}
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - no shell, and fixed commands
                # In its own process group, so that Ctrl-C only reaches the benchmark, which stops the clients first.
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=env,
                process_group=0,
            )
        atexit.register(self.stop)
        try:
            self._wait_for(port)
        except BaseException:
            self.stop()
            raise

    @property
    def ended(self) -> str | None:
        """How the process ended, with its last output, or None while it is running."""
        status = self._process.poll()
        if status is None:
            return None
        if status < 0:
            return f"its process was killed by {signal.Signals(-status).name}"
        lines = self.log.read_text(errors="replace").strip().splitlines()
        last = next((line for line in lines if line.startswith("panic: ")), lines[-1] if lines else "(none)")
        return f"its process exited with status {status}; last output: {last[:MAX_MESSAGE]}"

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Terminate the process, and kill it and its children if they do not exit."""
        atexit.unregister(self.stop)
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):  # workers of a killed parent are still in its group
            os.killpg(self._process.pid, signal.SIGKILL)
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
        raise BenchmarkError(
            self.ended or f"its process did not listen on 127.0.0.1:{port} within {START_SECONDS:.0f} s"
        )
