"""A running server, and raw connections to it."""

from __future__ import annotations

import email
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[3]
HOST = b"Host: registry.example\r\n"


@dataclass(frozen=True)
class Answer:
    """A response; ``whole`` is False if the connection ended before the body did."""

    status: int
    headers: Message
    body: bytes
    whole: bool

    def json(self) -> dict[str, object]:
        """Returns the body as JSON."""
        value: dict[str, object] = json.loads(self.body)
        return value

    def environ(self) -> dict[str, str]:
        """Returns the environ of the request as seen by the echo application."""
        value = self.json()["environ"]
        assert isinstance(value, dict)
        return value


class Running:
    """A server process with its files in a folder."""

    def __init__(self, name: str, folder: Path, **options: object) -> None:
        self.folder = folder
        folder.joinpath("built").mkdir(parents=True)
        folder.joinpath("closed").mkdir()
        command = [sys.executable, "-m", "host.tests.server.run", name, str(folder), json.dumps(options)]
        with folder.joinpath("log").open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        self.port = self._wait_for_port()
        if not options.get("broken"):
            # The first worker that is ready says nothing about the others, and tests that signal workers need all.
            workers = 1 if name == "waitress" else int(str(options.get("workers") or 1))
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
        """Returns everything that the server has logged."""
        return self.folder.joinpath("log").read_text()

    def built(self) -> int:
        """Returns how many workers have built the application."""
        return len(list(self.folder.joinpath("built").iterdir()))

    def closed(self) -> int:
        """Returns how many applications were closed."""
        return len(list(self.folder.joinpath("closed").iterdir()))

    def workers(self) -> list[int]:
        """Returns the process ids of its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def terminate(self) -> None:
        """Send SIGTERM to the server, like an operator."""
        os.kill(self.process.pid, signal.SIGTERM)

    def connect(self) -> socket.socket:
        """Returns a connection to the server."""
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
        return self.talk(b"GET " + target.encode() + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")[0]

    def _wait_for_port(self) -> int:
        address = self.folder / "address"
        self._wait_for(address.exists)
        return int(address.read_text())

    def _wait_for(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not true():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the server did not start:\n{self.log()}")
            time.sleep(0.02)


def eventually(true: Callable[[], bool], seconds: float = 30) -> bool:
    """Returns whether a condition becomes true within some seconds."""
    deadline = time.monotonic() + seconds
    while not (answer := true()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


def receive(connection: socket.socket) -> bytes:
    """Returns everything received until the end of the connection."""
    received = bytearray()
    # A server that rejects an unread body may reset the connection.
    with suppress(ConnectionResetError):
        while chunk := connection.recv(2**20):
            received += chunk
    return bytes(received)


def parse_answers(data: bytes, methods: Sequence[str]) -> list[Answer]:
    """Returns the responses to requests with these methods; those of status 100 belong to no request."""
    answers = []
    expected = list(methods)
    while data and expected:
        head, _, data = data.partition(b"\r\n\r\n")
        line, _, fields = head.partition(b"\r\n")
        status, headers = int(line.split()[1]), email.message_from_bytes(fields)
        size = int(headers.get("Content-Length", 0))
        if expected[0] == "HEAD" or status in {100, 204, 304}:
            size = 0
        answers.append(Answer(status, headers, data[:size], len(data) >= size))
        data = data[size:]
        if status != 100:
            expected.pop(0)
    return answers
