"""A server as a process of its own, from its start to its end."""

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

# What configures a registry from outside would let the sides of a comparison differ.
FOREIGN = ("REGISTRY_", "ENTREPOT_", "GRANIAN_", "OTEL_")
START_SECONDS = 30.0
STOP_SECONDS = 15.0
MOST_SAID = 500


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
    """Starts ``command``, waits until its port answers, and ends it and its children by process id.

    Of the environment it does not get what begins with a word of ``foreign``, nor what configures registries.
    Raises BenchmarkError where it does not get so far; nothing of it runs then, nor after an interrupt.
    """

    def __init__(self, command: Sequence[str], port: int, log: Path, foreign: Sequence[str] = ()) -> None:
        self.log = log
        self.family = Family(lambda: self._process.pid)
        env = {name: value for name, value in os.environ.items() if not name.startswith((*FOREIGN, *foreign))}
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - no shell, and the commands are ours
                # A group of its own: Ctrl-C is for whoever measures, who ends this after the clients.
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
        """How it ended, and what it said last; None while it runs."""
        status = self._process.poll()
        if status is None:
            return None
        if status < 0:
            return f"its process was ended by {signal.Signals(-status).name}"
        said = self.log.read_text(errors="replace").strip().splitlines()
        why = next((line for line in said if line.startswith("panic: ")), said[-1] if said else "nothing")
        return f"its process ended with status {status}; it said last: {why[:MOST_SAID]}"

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask the process to end, and make it and its children where they do not."""
        atexit.unregister(self.stop)
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):  # workers whose parent was killed are in its group still
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
        raise BenchmarkError(self.ended or f"its process did not listen on 127.0.0.1:{port} in {START_SECONDS:.0f} s")
