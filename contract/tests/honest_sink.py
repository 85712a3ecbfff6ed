"""A small, correct sink and the endpoint that it delivers to: the base class of the broken ones."""

from __future__ import annotations

import json
import logging
import socket
import socketserver
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import SecretStr

from entrepot_contract import ConfigError, DriverOptions
from entrepot_contract.events import Event
from entrepot_contract.notify import NotificationSink, Rejected, Undelivered

Mood = Literal["takes", "fails", "rejects", "hangs"]
TOKEN = "kit-token-of-the-honest-sink"  # noqa: S105 - of an endpoint that exists only here
log = logging.getLogger("honest")


class Place:
    """A server that receives lines of JSON with ids, up to an empty line, and responds with one line.

    ``ids`` are the ids received so far; they are also written to the file ``arrived``, one per line.
    """

    def __init__(self, mood: Mood = "takes", *, arrived: Path | None = None) -> None:
        self.mood = mood
        self.ids: list[str] = []
        self.arrived = arrived
        if arrived is not None:
            arrived.touch()
        self.resting = threading.Event()
        # Bound but not listening, so that connections are refused and the port cannot be reused.
        self.server = _Server(self)
        self.port: int = self.server.server_address[1]
        self.serving: threading.Thread | None = None

    def start(self) -> None:
        self.server.server_activate()
        self.serving = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.serving.start()

    def take(self, ids: Sequence[str]) -> None:
        self.ids += ids
        if self.arrived is not None:
            with self.arrived.open("a") as file:
                file.writelines(f"{each}\n" for each in ids)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.resting.set()
        if self.serving is not None:
            self.server.shutdown()
            self.serving.join()
        self.server.server_close()


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        place, batch = self.server.place, list[str]()
        if place.mood == "hangs":
            place.resting.wait(120)
            return
        try:
            for line in self.rfile:
                if line.strip():
                    batch.append(json.loads(line)["id"])
                    continue
                if place.mood == "takes":
                    place.take(batch)
                batch.clear()
                self.wfile.write({"takes": b"taken\n", "fails": b"later 7\n", "rejects": b"never\n"}[place.mood])
        except OSError:
            return  # the sink has given up


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, place: Place) -> None:
        self.place = place
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.server_bind()


class LinesOptions(DriverOptions):
    """The port of the endpoint, a token for it, and a file with a greeting."""

    port: int
    token: SecretStr
    greeting: str


class HonestSink(NotificationSink):
    """Lines of JSON over one connection."""

    name: ClassVar[str] = "honest-lines"
    contract: ClassVar[tuple[int, int]] = (1, 0)
    Options: ClassVar[type[DriverOptions]] = LinesOptions

    def __init__(self, options: DriverOptions) -> None:
        assert isinstance(options, LinesOptions)
        self.options = options
        self.lock = threading.Lock()
        self.connection: socket.socket | None = None
        try:
            self.greeting = Path(options.greeting).read_text()
        except OSError as error:
            raise ConfigError(f"{options.greeting}: no greeting", driver=self.name, operation="configure") from error

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        until = time.monotonic() + timeout.total_seconds()
        log.debug("delivering %d events", len(events))
        if not self.lock.acquire(timeout=timeout.total_seconds()):
            raise Undelivered("timeout while another thread was delivering")
        try:
            answer = self.ask(self.lines(events), until)
        except OSError as error:
            self.hang_up()
            raise self.undelivered(error) from error
        finally:
            self.lock.release()
        self.judge(answer)

    def undelivered(self, error: OSError) -> Exception:
        return Undelivered(f"port {self.options.port} is unreachable: {type(error).__name__}")

    def lines(self, events: Sequence[Event]) -> bytes:
        return "".join(
            f"{json.dumps({'id': self.id_of(event), 'action': event.action})}\n" for event in events
        ).encode()

    def id_of(self, event: Event) -> str:
        return event.id

    def ask(self, body: bytes, until: float) -> str:
        connection = self.connected(until)
        token = self.options.token.get_secret_value()
        assert token
        sent = 0
        text = body + b"\n"
        while sent < len(text):
            connection.settimeout(left(until))
            sent += connection.send(text[sent : sent + 2**16])
        answer = b""
        while not answer.endswith(b"\n"):
            connection.settimeout(left(until))
            got = connection.recv(100)
            if not got:
                raise ConnectionError("the endpoint closed the connection")
            answer += got
        return answer.decode().strip()

    def connected(self, until: float) -> socket.socket:
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.options.port), left(until))
        return self.connection

    def judge(self, answer: str) -> None:
        if answer == "never":
            raise Rejected(f"port {self.options.port} rejects the events")
        if answer != "taken":
            raise Undelivered(
                f"port {self.options.port} asks to retry later", retry_after=timedelta(seconds=int(answer.split()[1]))
            )

    def hang_up(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def close(self) -> None:
        self.hang_up()


def left(until: float) -> float:
    """Return the remaining seconds."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timeout")
    return seconds
