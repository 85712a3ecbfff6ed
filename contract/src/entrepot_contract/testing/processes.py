"""Other processes, and the orders that the kit gives them."""

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
    """A process with a plugin of its own."""

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
        self.answers: queue.Queue[str] = queue.Queue()
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.orders: IO[str] = self.child.stdin
        self.listener = threading.Thread(target=self._listen, args=[self.child.stdout], daemon=True)
        self.listener.start()

    def _listen(self, answers: IO[str]) -> None:
        for line in answers:
            self.answers.put(line)
        self.answers.put("")

    def send(self, action: str, **arguments: object) -> None:
        """Give an order, and do not wait."""
        self.orders.write(json.dumps({"action": action, **self.place, **arguments}) + "\n")
        self.orders.flush()

    def answer(self) -> object:
        """The answer to the oldest order; an error of the contract answers ``{"error": its name}``."""
        line = self.answers.get(timeout=PATIENCE)
        assert line, "the other process died: a plugin let an error escape that the contract does not know"
        return json.loads(line)

    def call(self, action: str, **arguments: object) -> object:
        """Give an order and wait for its answer."""
        self.send(action, **arguments)
        return self.answer()

    def kill(self) -> None:
        """End the process as a power switch would, with SIGKILL."""
        self.child.kill()
        self.close()

    def close(self) -> None:
        """End the process, as it likes."""
        self.orders.close()
        self.child.wait(timeout=PATIENCE)
        self.listener.join(timeout=PATIENCE)
        if self.child.stdout is not None:
            self.child.stdout.close()


class Processes:
    """The other processes of one test."""

    def __init__(self, plugin_class: type[Plugin]) -> None:
        self.plugin_class = plugin_class
        self.running: list[OtherProcess] = []

    def start(self) -> OtherProcess:
        """One more process."""
        self.running.append(OtherProcess(self.plugin_class))
        return self.running[-1]

    def open(self, count: int, config: Mapping[str, object]) -> list[OtherProcess]:
        """Some processes that have opened a driver."""
        started = [self.start() for _ in range(count)]
        for process in started:
            process.send("open", config=config)
        for process in started:
            assert process.answer() == {"opened": True}
        return started


class ProcessBase(KitBase):
    """Starts other processes for a test, and ends them after it."""

    @pytest.fixture
    def processes(self) -> Iterator[Processes]:
        """Other processes, which a storage driver finds on the same store."""
        processes = Processes(self.plugin_class())
        yield processes
        for process in processes.running:
            if process.child.poll() is None:
                process.kill()
