"""A running server with the echo application, and raw connections to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from entrepot_contract.server import ServerDriver
from entrepot_contract.testing.fork_server import Place, import_path
from entrepot_contract.testing.server.messages import CLOSE, Answer, parse_answers, receive, request

__all__ = ["Running", "UnderWay", "at_once", "eventually"]


class Running:
    """A server process with its files in a folder.

    ``settings`` are those of ServerSettings as JSON, and:

    - ``tls``: those of TlsSettings.
    - ``late_threads``: whether every thread starts late, as on a busy machine.
    - ``broken``: whether the application cannot be created; the server is then not waited for.
    """

    def __init__(
        self,
        server_class: type[ServerDriver],
        folder: Path,
        config: Mapping[str, object] | None = None,
        **settings: object,
    ) -> None:
        self.folder = folder
        folder.joinpath("built").mkdir(parents=True)
        folder.joinpath("closed").mkdir()
        order = {"place": Place.of(server_class).words(), "config": dict(config or {}), "settings": settings}
        command = [sys.executable, "-m", "entrepot_contract.testing.server.run", str(folder), json.dumps(order)]
        environment = {**os.environ, "PYTHONPATH": import_path()}
        with folder.joinpath("log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)  # noqa: S603
        if settings.get("broken"):
            return
        self.port = self._wait_for_port()
        # The first worker that is ready says nothing about the others, and tests that signal workers need all.
        workers = int(str(settings.get("workers") or 1)) if server_class.multiprocess else 1
        self._wait_for(lambda: self.built() >= workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log(self) -> str:
        """Return everything that the server has logged."""
        return self.folder.joinpath("log").read_text()

    def built(self) -> int:
        """Return how many workers have built the application."""
        return len(list(self.folder.joinpath("built").iterdir()))

    def closed(self) -> int:
        """Return how many applications were closed."""
        return len(list(self.folder.joinpath("closed").iterdir()))

    def workers(self) -> list[int]:
        """Return the process ids of its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def terminate(self) -> None:
        """Send SIGTERM to the server, like an operator."""
        os.kill(self.process.pid, signal.SIGTERM)

    def connect(self) -> socket.socket:
        """Return a connection to the server."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def talk(self, *parts: bytes, methods: Sequence[str] = ("GET",), pause: float = 0.2) -> list[Answer]:
        """Send parts with pauses between them, and read responses until the server closes the connection."""
        with self.connect() as connection:
            for index, part in enumerate(parts):
                if index:
                    time.sleep(pause)
                with suppress(ConnectionError):
                    connection.sendall(part)
            return parse_answers(receive(connection), methods)

    def get(self, target: str) -> Answer:
        """Send a GET on a new connection."""
        return self.talk(request("GET", target) + CLOSE)[0]

    def _wait_for_port(self) -> int:
        address = self.folder / "address"
        self._wait_for(address.exists)
        return int(address.read_text().split()[-1])

    def ready(self) -> list[str]:
        """Return the process, host and port of each call of ``on_ready``."""
        return self.folder.joinpath("ready").read_text().splitlines()

    def _wait_for(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not true():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the server did not start:\n{self.log()}")
            time.sleep(0.02)


class UnderWay:
    """A request that was sent and has no response yet."""

    def __init__(self, server: Running, target: str) -> None:
        self._connection = server.connect()
        self._connection.sendall(request("GET", target) + CLOSE)
        time.sleep(0.5)

    def body(self) -> bytes | None:
        """Return the body of the response, or None if the connection was closed without one."""
        with self._connection:
            answers = parse_answers(receive(self._connection), ["GET"])
        return answers[0].body if answers else None


def at_once(server: Running, count: int, target: str) -> list[Answer]:
    """Return the responses to many concurrent requests."""
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(server.get(target))) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def eventually(true: Callable[[], bool], seconds: float = 30) -> bool:
    """Return whether a condition becomes true within some seconds."""
    deadline = time.monotonic() + seconds
    while not (answer := true()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer
