"""A registry in a thread of the test process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self, cast

import yaml
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ThreadedTaskDispatcher

from entrepot.application import build_application
from entrepot.config import load_configuration
from entrepot.server.channel import PlainChannel
from entrepot.testing.content import Content
from entrepot.testing.faults import Faults
from entrepot_contract.plugins import STORAGE, claims

__all__ = ["RunningRegistry"]

_THREADS: Final = 32
_JOIN_SECONDS: Final = 5
"""How long to wait for a request that does not end although its connection is closed, in seconds."""


class RunningRegistry(Content):
    """A registry that serves on 127.0.0.1 until it is closed.

    ``sections`` are those of the configuration file; ``faults`` injects faults into requests.
    Raises ConfigurationError, ConfigError or PluginError if it cannot be served.
    """

    def __init__(self, folder: Path, sections: Mapping[str, object]) -> None:
        file = folder / "registry.yml"
        defaults = {"version": 0.1, "storage": _storage(folder), "http": {}, "log": {"accesslog": {"disabled": True}}}
        file.write_text(yaml.safe_dump(defaults | dict(sections)), encoding="utf-8")
        configuration, _ = load_configuration(str(file), {"REGISTRY_HTTP_SECRET": "of a test"})
        self._application = build_application(configuration)
        self.faults = Faults(self._application)
        try:
            self._server = _Server(self.faults, 0)
        except BaseException:
            self._application.close()
            raise
        super().__init__(f"127.0.0.1:{self._server.port}")

    @property
    def url(self) -> str:
        """The URL of the registry, without a trailing slash."""
        return f"http://{self.address}"

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """Close every connection, and refuse new ones until the block ends; stored content is kept."""
        self._server.close()
        try:
            yield
        finally:
            self._server = _Server(self.faults, self._server.port)

    def close(self) -> None:
        """Stop the server and its threads, and close the storage."""
        self._server.close()
        self._application.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _storage(folder: Path) -> dict[str, object]:
    if any(claim.name == "inmemory" for claim in claims(STORAGE)):
        return {"inmemory": {}}
    return {"filesystem": {"rootdirectory": str(folder / "registry")}}


class _Server:
    """waitress in a thread, without signals, which belong to the main thread of the tests."""

    def __init__(self, application: Faults, port: int) -> None:
        self._application = application
        self._channels: dict[int, Any] = {}  # as waitress types its own dispatchers
        self._tasks = _Tasks()
        listener = socket.create_server(("127.0.0.1", port))
        self.port: int = listener.getsockname()[1]
        server = create_server(application, map=self._channels, _dispatcher=self._tasks, sockets=[listener])
        self._server = cast(BaseWSGIServer, server)
        self._server.channel_class = PlainChannel
        self._tasks.set_thread_count(_THREADS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"registry-{self.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close every connection, and wait for the threads."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._server.pull_trigger()
        self._thread.join()
        wasyncore.close_all(self._channels)  # includes the trigger, which is pulled above

    def _run(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1.0, use_poll=True, map=self._channels, count=1)
        wasyncore.dispatcher.close(self._server)
        # Connections first: a thread writing to one whose client does not read would never end.
        for channel in list(self._channels.values()):
            if isinstance(channel, HTTPChannel):
                channel.handle_close()
        self._application.interrupt()
        self._tasks.shutdown(timeout=_JOIN_SECONDS)
        self._tasks.join()


class _Tasks(ThreadedTaskDispatcher):
    """waitress's task threads, recorded so that they can be joined."""

    def __init__(self) -> None:
        super().__init__()
        self._started: list[threading.Thread] = []

    def start_new_thread(self, target: Callable[[int], object], thread_no: int) -> None:
        """Start a thread."""
        thread = threading.Thread(target=target, name=f"registry-task-{thread_no}", args=(thread_no,), daemon=True)
        self._started.append(thread)
        thread.start()

    def join(self) -> None:
        """Wait until all threads have ended."""
        for thread in self._started:
            thread.join(_JOIN_SECONDS)
