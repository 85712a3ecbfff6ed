"""One running server, and raw conversations with it."""

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
    """One answer: ``whole`` is false where the connection ended before the body did."""

    status: int
    headers: Message
    body: bytes
    whole: bool

    def json(self) -> dict[str, object]:
        """The body as JSON."""
        value: dict[str, object] = json.loads(self.body)
        return value

    def environ(self) -> dict[str, str]:
        """What the echo application saw of the request."""
        value = self.json()["environ"]
        assert isinstance(value, dict)
        return value


class Running:
    """A server process, with its files in a folder."""

    def __init__(self, name: str, folder: Path, **options: object) -> None:
        self.folder = folder
        folder.joinpath("built").mkdir(parents=True)
        folder.joinpath("closed").mkdir()
        command = [sys.executable, "-m", "host.tests.server.run", name, str(folder), json.dumps(options)]
        with folder.joinpath("log").open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        self.port = self._wait_for_port()
        if not options.get("broken"):
            # The first worker that serves tells nothing of the others, and who signals a worker must know all of them.
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
        """Everything that the server has logged."""
        return self.folder.joinpath("log").read_text()

    def built(self) -> int:
        """How many workers have built the application."""
        return len(list(self.folder.joinpath("built").iterdir()))

    def closed(self) -> int:
        """How many applications were closed."""
        return len(list(self.folder.joinpath("closed").iterdir()))

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def terminate(self) -> None:
        """Ask the server to end, as an operator does."""
        os.kill(self.process.pid, signal.SIGTERM)

    def connect(self) -> socket.socket:
        """A connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def talk(self, *parts: bytes, methods: Sequence[str] = ("GET",), pause: float = 0.2) -> list[Answer]:
        """Send parts with pauses between, and read every answer until the server closes the connection."""
        with self.connect() as connection:
            for index, part in enumerate(parts):
                if index:
                    time.sleep(pause)
                with suppress(ConnectionError):
                    connection.sendall(part)
            return parse_answers(receive(connection), methods)

    def get(self, target: str) -> Answer:
        """One GET on a connection of its own."""
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
    """Whether something comes true within some seconds."""
    deadline = time.monotonic() + seconds
    while not (answer := true()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


def receive(connection: socket.socket) -> bytes:
    """Everything until the end of the connection."""
    received = bytearray()
    # A server that refuses a body it has not read may end the connection with a reset.
    with suppress(ConnectionResetError):
        while chunk := connection.recv(2**20):
            received += chunk
    return bytes(received)


def parse_answers(data: bytes, methods: Sequence[str]) -> list[Answer]:
    """The answers to requests of some methods; those of status 100 come too, and belong to no request."""
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
