"""Child processes, and the commands that the kit sends to them."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import IO

import pytest

from entrepot_contract.testing.base import KitBase, Plugin

__all__ = ["OtherProcess", "ProcessBase", "Processes"]

PATIENCE = 60.0


class OtherProcess:
    """A child process with its own instance of the plugin."""

    def __init__(self, plugin_class: type[Plugin]) -> None:
        module = sys.modules[plugin_class.__module__]
        self.place = {
            "module": plugin_class.__module__,
            "file": getattr(module, "__file__", None),
            "name": plugin_class.__qualname__,
        }
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "entrepot_contract.testing.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.results: queue.Queue[str] = queue.Queue()
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.orders: IO[str] = self.child.stdin
        self.listener = threading.Thread(target=self._listen, args=[self.child.stdout], daemon=True)
        self.listener.start()

    def _listen(self, results: IO[str]) -> None:
        for line in results:
            self.results.put(line)
        self.results.put("")

    def send(self, action: str, **arguments: object) -> None:
        """Send a command without waiting for the result."""
        self.orders.write(json.dumps({"action": action, **self.place, **arguments}) + "\n")
        self.orders.flush()

    def answer(self) -> object:
        """Return the result of the oldest command; an error of the contract is returned as ``{"error": its name}``."""
        line = self.results.get(timeout=PATIENCE)
        assert line, "the child process died: the plugin raised an exception that the contract does not define"
        return json.loads(line)

    def call(self, action: str, **arguments: object) -> object:
        """Send a command and wait for its result."""
        self.send(action, **arguments)
        return self.answer()

    def kill(self) -> None:
        """Kill the process with SIGKILL."""
        self.child.kill()
        self.close()

    def close(self) -> None:
        """Close the command stream and wait for the process to exit."""
        self.orders.close()
        self.child.wait(timeout=PATIENCE)
        self.listener.join(timeout=PATIENCE)
        if self.child.stdout is not None:
            self.child.stdout.close()


class Processes:
    """The child processes of one test."""

    def __init__(self, plugin_class: type[Plugin]) -> None:
        self.plugin_class = plugin_class
        self.running: list[OtherProcess] = []

    def start(self) -> OtherProcess:
        """Start one more process."""
        self.running.append(OtherProcess(self.plugin_class))
        return self.running[-1]

    def open(self, count: int, config: Mapping[str, object]) -> list[OtherProcess]:
        """Start ``count`` processes and open a driver in each."""
        started = [self.start() for _ in range(count)]
        for process in started:
            process.send("open", config=config)
        for process in started:
            assert process.answer() == {"opened": True}
        return started


class ProcessBase(KitBase):
    """Starts child processes for a test, and kills them afterwards."""

    @pytest.fixture
    def processes(self) -> Iterator[Processes]:
        """Child processes; a storage driver in them uses the same store."""
        processes = Processes(self.plugin_class())
        yield processes
        for process in processes.running:
            if process.child.poll() is None:
                process.kill()
