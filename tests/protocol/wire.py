"""An HTTP/1.1 client that sends exactly the given bytes and returns exactly the received ones."""

from __future__ import annotations

import io
import re
import socket
from dataclasses import dataclass
from email.message import Message
from http.client import parse_headers

__all__ = ["Response", "exchange", "frame"]

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Response:
    """A response: its status, its headers, and every byte that followed them, with the chunked coding decoded."""

    status: int
    headers: Message
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the values of a header joined by ", " (RFC 9110 section 5.3), or None if it is absent."""
        values = self.headers.get_all(name)
        return None if values is None else ", ".join(values)


def frame(method: str, target: str, headers: dict[str, str], body: bytes, *, chunked: bool, declared: int) -> bytes:
    """Encode a request. ``declared`` is the value of Content-Length, in bytes."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        middle = len(body) // 2
        parts = [part for part in (body[:middle], body[middle:]) if part]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    elif declared or method in {"POST", "PUT", "PATCH"}:
        lines.append(f"Content-Length: {declared}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def exchange(port: int, request: bytes, *, half_close: bool = False) -> Response | None:
    """Send the bytes to 127.0.0.1 and read until the server closes. Return None if it closed without a response."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
        try:
            connection.sendall(request)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # a server may reject a body before it has read it: only the response matters
        received = bytearray()
        try:
            while data := connection.recv(65536):
                received += data
        except ConnectionResetError:
            pass  # the same rejection while reading: bytes that were received before still count
    return _parse(bytes(received)) if received else None


def _parse(data: bytes) -> Response:
    stream = io.BytesIO(data)
    while True:
        line = stream.readline()
        match = re.fullmatch(rb"HTTP/1\.[01] (\d{3})( [^\r\n]*)?\r\n", line)
        assert match, f"not a status line: {line[:200]!r}"
        headers = parse_headers(stream)
        if not match[1].startswith(b"1"):
            break
    body = stream.read()
    if (headers.get("Transfer-Encoding") or "").lower() == "chunked":
        body = _unchunk(io.BytesIO(body))
    return Response(int(match[1]), headers, body)


def _unchunk(stream: io.BytesIO) -> bytes:
    body = bytearray()
    while size := int(stream.readline().split(b";")[0] or b"0", 16):
        body += stream.read(size)
        stream.readline()
    return bytes(body)
