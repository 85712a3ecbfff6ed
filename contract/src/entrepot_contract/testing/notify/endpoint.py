"""An HTTP endpoint of the kit, for sinks that deliver by HTTP: a test chooses its responses."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Literal, Self

__all__ = ["Answer", "Asked", "Endpoint", "Manner"]

Manner = Literal["answers", "hangs", "drips", "drips-the-body", "hangs-up", "cuts-the-answer", "garbage", "echoes"]
UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Answer:
    """A status with header fields, and the way in which it is sent.

    ``keep`` is False to close the connection after it; ``delay`` is how many seconds it comes after the request.
    """

    status: int = 200
    fields: Mapping[str, str] = field(default_factory=dict)
    manner: Manner = "answers"
    keep: bool = True
    delay: float = 0


@dataclass(frozen=True)
class Asked:
    """A request, and the status of its answer."""

    method: str
    path: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    status: int

    def text(self) -> str:
        """Return everything in the body as text: strings and numbers of JSON unescaped, or the body itself."""
        coding = {value.lower() for name, value in self.headers if name.lower() == "content-encoding"}
        body = gzip.decompress(self.body) if "gzip" in coding else self.body
        try:
            return "\n".join(_scalars(json.loads(body)))
        except ValueError:
            return body.decode("utf-8", "replace")

    def ids(self, wanted: set[str]) -> list[str]:
        """Return the wanted ids in the order in which they first appear in the body."""
        found = dict.fromkeys(each for each in UUID.findall(self.text()) if each in wanted)
        return list(found)

    def whole(self) -> str:
        """Return the request as text, with its head."""
        head = "".join(f"{name}: {value}\n" for name, value in self.headers)
        return f"{self.method} {self.path}\n{head}\n{self.body.decode('utf-8', 'replace')}"


def _scalars(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _scalars(inner)
    else:
        yield str(value)
        if isinstance(value, str) and value[:1] in {"{", "["}:
            try:
                yield from _scalars(json.loads(value))
            except ValueError:
                return


class Endpoint:
    """A server on a free port of ``host``; ``decide`` takes the number of a request, from 0 on, and its path."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.decide: Callable[[int, str], Answer] = lambda *_: Answer()
        self.asked: list[Asked] = []
        self.connections = 0
        self.resting = threading.Event()
        self.lock = threading.Lock()
        self._server: _Server | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        """The URL of the endpoint."""
        return f"http://{self.host}:{self.port}/kit/events"

    def ids(self, wanted: Sequence[str]) -> list[str]:
        """Return those of the ids that were accepted (2xx), in order, with duplicates."""
        chosen = set(wanted)
        return [each for asked in list(self.asked) if 200 <= asked.status < 300 for each in asked.ids(chosen)]

    def always(self, answer: Answer) -> None:
        """Answer every request like this from now on."""
        self.decide = lambda *_: answer

    def start(self) -> None:
        """Listen on the same port as before."""
        self.resting.clear()
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, and close open ones."""
        if self._server is not None:
            self.resting.set()
            self._server.shutdown()
            self._server.server_close()
            self._server.close_connections()
            self._server = None

    def close_connections(self) -> None:
        """Close all open connections, as an endpoint does with idle ones."""
        if self._server is not None:
            self._server.close_connections()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def respond(self) -> None:
        endpoint = self.server.endpoint
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) if not self._chunked() else self._chunks()
        with endpoint.lock:
            answer = endpoint.decide(len(endpoint.asked), self.path)
            status = answer.status if answer.manner in {"answers", "drips-the-body"} else 0
            asked = Asked(self.command, self.path, list(self.headers.items()), body, status)
            endpoint.asked.append(asked)
        self.close_connection = not answer.keep or answer.manner != "answers"
        self._send(answer, asked, endpoint)

    do_POST = do_PUT = do_GET = do_PATCH = respond  # noqa: N815 - the names in the base class

    def _send(self, answer: Answer, asked: Asked, endpoint: Endpoint) -> None:
        text = f"answer of the kit to {asked.whole()}".encode() if answer.manner == "echoes" else b"kit"
        if asked.status == 204 or asked.status == 304:
            text = b""
        lines = [f"HTTP/1.1 {answer.status} Kit", *(f"{name}: {value}" for name, value in answer.fields.items())]
        if text:
            lines.append("Content-Type: text/plain")
        head = "\r\n".join([*lines, f"Content-Length: {len(text)}", "", ""]).encode("latin-1", "replace")
        endpoint.resting.wait(answer.delay)
        if answer.manner in {"answers", "echoes"}:
            self.wfile.write(head + text)
        elif answer.manner == "garbage":
            self.wfile.write(b"\0\1\2 this is no HTTP\r\n\r\n" * 10)
        elif answer.manner == "cuts-the-answer":
            self.wfile.write(head[:10])
        elif answer.manner == "hangs":
            endpoint.resting.wait(60)
        elif answer.manner == "drips":
            self._drip(b"HTTP/1.1 200 Kit\r\nX-Kit: " + b"x" * 600, endpoint)
        elif answer.manner == "drips-the-body":
            self.wfile.write(b"HTTP/1.1 200 Kit\r\nContent-Length: 600\r\n\r\n")
            self._drip(b"x" * 600, endpoint)

    def _drip(self, data: bytes, endpoint: Endpoint) -> None:
        for place in range(len(data)):
            self.wfile.write(data[place : place + 1])
            if endpoint.resting.wait(0.1):
                return

    def _chunked(self) -> bool:
        return "chunked" in (self.headers.get("Transfer-Encoding") or "").lower()

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._open: set[socket.socket] = set()
        super().__init__((endpoint.host, endpoint.port), _Handler)

    def process_request_thread(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        self.endpoint.connections += 1
        self._open.add(request)
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # the sink or the test has closed it
        finally:
            self._open.discard(request)
            self.shutdown_request(request)

    def close_connections(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed already
