"""A process that has imported a plugin, and forks the child processes of the kit.

An import takes up to a second of CPU time, and a kit starts some twenty child processes.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass

__all__ = ["PATIENCE", "ForkServer", "Place", "fork_server_for", "import_path"]

PATIENCE = 60.0


@dataclass(frozen=True)
class Place:
    """Where a child process finds the class of a plugin: its module, the module's file if it has one, and its name."""

    module: str
    file: str | None
    name: str

    @classmethod
    def of(cls, plugin_class: type) -> Place:
        """Return the place of a class that is imported here."""
        file = getattr(sys.modules[plugin_class.__module__], "__file__", None)
        return cls(plugin_class.__module__, file, plugin_class.__qualname__)

    @classmethod
    def from_words(cls, module: str, file: str, name: str) -> Place:
        """Return the place that was written as arguments of a command."""
        return cls(module, file or None, name)

    def words(self) -> list[str]:
        """Return the place as arguments of a command."""
        return [self.module, self.file or "", self.name]


def import_path() -> str:
    """Return the import path of this process as a value of PYTHONPATH."""
    return os.pathsep.join(entry for entry in sys.path if entry)


class ForkServer:
    """Starts and kills child processes that have imported the module of a plugin.

    It exits when this process does, and its children at the end of their connections.
    """

    def __init__(self, place: Place, path: str) -> None:
        self._lock = threading.Lock()
        self._control, passed = socket.socketpair()
        with passed:
            self._process = subprocess.Popen(  # noqa: S603 - the module and the name of an imported class
                [sys.executable, "-m", "entrepot_contract.testing.worker", str(passed.fileno()), *place.words()],
                pass_fds=[passed.fileno()],
                env={**os.environ, "PYTHONPATH": path},
            )

    def fork(self, connection: socket.socket) -> int:
        """Return the id of a new child process, which reads commands from a connection."""
        return self._order(0, connection)

    def kill(self, child: int) -> None:
        """Kill a child process with SIGKILL, unless it has exited, and wait for its exit."""
        self._order(child)

    def close(self) -> None:
        """Let the process exit. Idempotent."""
        self._control.close()
        self._process.wait(timeout=PATIENCE)

    def _order(self, child: int, *passed: socket.socket) -> int:
        with self._lock:
            socket.send_fds(self._control, [b"%d" % child], [connection.fileno() for connection in passed])
            answer = self._control.recv(64)
        assert answer, "the process that imports the plugin died"
        return int(answer)


_running: dict[tuple[int, str, str | None, str], ForkServer] = {}


def fork_server_for(place: Place) -> ForkServer:
    """Return the fork server of this process for a plugin's module; that of another module is closed."""
    path = import_path()
    key = (os.getpid(), place.module, place.file, path)
    if key not in _running:
        close_fork_servers()
        _running[key] = ForkServer(place, path)
    return _running[key]


@atexit.register
def close_fork_servers() -> None:
    """Let all fork servers exit."""
    while _running:
        _running.popitem()[1].close()
