"""An endpoint for notifications, which accepts requests or misbehaves as configured."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Self

__all__ = ["Delivered", "Mood", "Receiver"]

Mood = Literal["takes", "answers", "hangs", "drips", "garbage", "cuts"]


@dataclass(frozen=True, slots=True)
class Delivered:
    """A request: its path, headers with lower-case names, and body."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    def events(self) -> list[dict[str, object]]:
        """Return the events of the envelope."""
        found: list[dict[str, object]] = json.loads(self.body)["events"]
        return found


class Receiver:
    """A server on 127.0.0.1. ``taken`` are the requests with a 200 response, ``seen`` all of them.

    - ``mood``: ``answers`` sends ``status`` and ``headers``; ``hangs`` sends nothing, ``drips`` sends a byte now and
      then.
    - ``connections`` is the number of accepted connections.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.mood: Mood = "takes"
        self.status = 500
        self.headers: dict[str, str] = {}
        self.seen: list[Delivered] = []
        self.taken: list[Delivered] = []
        self.connections = 0
        self.peers: list[object] = []
        self._tls = tls
        self._resting = threading.Event()
        self._server: _Server | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        """The URL of the endpoint."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/events"

    @property
    def ids(self) -> list[str]:
        """The ids of the accepted events, in order, including duplicates."""
        return [str(event["id"]) for one in list(self.taken) for event in one.events()]

    def digests(self, action: str) -> set[str]:
        """Return the digests of the accepted events of an action."""
        events = [event for one in list(self.taken) for event in one.events() if event["action"] == action]
        return {str(target["digest"]) for event in events if isinstance(target := event["target"], dict)}

    def start(self) -> None:
        """Listen on the same port as before."""
        self._resting.clear()
        self._server = _Server(self, self.port, self._tls)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, and close open ones."""
        if self._server is not None:
            self._resting.set()
            self._server.shutdown()
            self._server.server_close()
            self._server.end_connections()
            self._server = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def serve(self, handler: _Handler) -> None:
        """Respond to a request according to the mood."""
        size = int(handler.headers.get("Content-Length", 0))
        delivered = Delivered(
            handler.path, {name.lower(): value for name, value in handler.headers.items()}, handler.rfile.read(size)
        )
        self.seen.append(delivered)
        if self.mood == "takes":
            self.taken.append(delivered)
            _answer(handler, 200, {})
        elif self.mood == "answers":
            _answer(handler, self.status, self.headers)
        elif self.mood == "garbage":
            handler.wfile.write(b"\x00\x01\x02 no HTTP at all\r\n\r\n" * 10)
        elif self.mood == "drips":
            for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 600:
                handler.wfile.write(bytes([byte]))
                if self._resting.wait(0.1):
                    break
        elif self.mood == "hangs":
            self._resting.wait(60)
        if self.mood != "takes" and self.mood != "answers":
            handler.close_connection = True


def _answer(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str]) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # Otherwise each response, which is written in two parts, would wait 40 ms for the client.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.server.receiver.serve(self)

    def do_GET(self) -> None:
        self.server.receiver.serve(self)

    def log_message(self, *_: object) -> None:
        """Do not log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, receiver: Receiver, port: int, tls: ssl.SSLContext | None) -> None:
        self.receiver = receiver
        self._tls = tls
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request_thread(self, request: object, client_address: object) -> None:
        connection = request
        assert isinstance(connection, socket.socket)
        self.receiver.connections += 1
        self._open.add(connection)
        try:
            if self._tls is not None:
                plain, connection = connection, self._tls.wrap_socket(connection, server_side=True)
                self._open.discard(plain)
                self._open.add(connection)
                self.receiver.peers.append(connection.getpeercert())
            self.finish_request(connection, client_address)
        except OSError:
            pass  # the client or the test closed it
        finally:
            self._open.discard(connection)
            self.shutdown_request(connection)

    def end_connections(self) -> None:
        """Close every open connection."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already closed
