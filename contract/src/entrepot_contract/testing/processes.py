"""Child processes, and the commands that the kit sends to them."""

from __future__ import annotations

import json
import os
import queue
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress

import pytest

from entrepot_contract.testing.base import KitBase, Plugin
from entrepot_contract.testing.fork_server import PATIENCE, Place, fork_server_for

__all__ = ["Failed", "OtherProcess", "ProcessBase", "Processes"]


class Failed(dict[str, str]):
    """The error of a command: equal to ``{"error": its name}``, and shown with its message and trace."""

    def __init__(self, name: str, trace: str) -> None:
        super().__init__(error=name)
        self.trace = trace

    def __repr__(self) -> str:
        return f"{super().__repr__()}, which the plugin raised in another process:\n{self.trace}"


class OtherProcess:
    """A child process with its own instance of the plugin."""

    def __init__(self, plugin_class: type[Plugin]) -> None:
        place = Place.of(plugin_class)
        self.server = fork_server_for(place)
        self.connection, passed = socket.socketpair()
        with passed:
            self.child = self.server.fork(passed)
        self.orders = self.connection.makefile("w")
        self.results: queue.Queue[str] = queue.Queue()
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        self._write({"place": place.words(), "environ": dict(os.environ), "directory": os.getcwd()})

    def _listen(self) -> None:
        with self.connection.makefile("r") as results:
            for line in results:
                self.results.put(line)
        self.results.put("")

    def _write(self, order: Mapping[str, object]) -> None:
        self.orders.write(json.dumps(order) + "\n")
        self.orders.flush()

    def send(self, action: str, **arguments: object) -> None:
        """Send a command without waiting for the result."""
        self._write({"action": action, **arguments})

    def answer(self) -> object:
        """Return the result of the oldest command; an error of the contract is returned as ``{"error": its name}``."""
        line = self.results.get(timeout=PATIENCE)
        assert line, "the process of the kit in which the plugin ran died without an exception"
        found: object = json.loads(line)
        if isinstance(found, dict) and "trace" in found:
            if "raised" in found:
                pytest.fail(
                    f"the plugin raised {found['raised']} in another process, which the contract does not define:\n"
                    f"{found['trace']}"
                )
            return Failed(found["error"], found["trace"])
        return found

    def call(self, action: str, **arguments: object) -> object:
        """Send a command and wait for its result."""
        self.send(action, **arguments)
        return self.answer()

    def kill(self) -> None:
        """Kill the process with SIGKILL, and wait for its exit. Idempotent."""
        if not self.orders.closed:
            self.server.kill(self.child)
            self.listener.join(timeout=PATIENCE)
            with suppress(OSError):
                self.orders.close()
            self.connection.close()


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
            process.kill()
