"""Faults of the proxy, and the requests that they apply to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["ANY", "Canned", "Fault", "Matching"]

Matching = Callable[[str, str], bool]
"""Returns whether a request matches, given its method and its target (path and query)."""


def ANY(method: str, target: str) -> bool:  # noqa: N802 - a constant of type Matching
    """Match every request."""
    return True


@dataclass(frozen=True, slots=True)
class Canned:
    """A response that the proxy generates."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def raw(self, method: str) -> bytes:
        """Encode the response."""
        headers = {"Content-Length": str(len(self.body)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} Fault", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + (b"" if method == "HEAD" else self.body)


@dataclass(slots=True)
class Fault:
    """A fault. ``left`` is the number of requests that it still applies to; None means all.

    - ``delay``: seconds before a request is forwarded. ``hang``: stop reading the request.
    - ``drop``: discard the response. ``cut``: close after this many bytes of the response body.
    - ``rate``: bytes per second of each body. ``canned``: the response to send without contacting the server.
    """

    matching: Matching = ANY
    left: int | None = None
    delay: float = 0
    hang: bool = False
    drop: bool = False
    cut: int | None = None
    rate: float | None = None
    canned: Canned | None = None
    lifted: threading.Event = field(default_factory=threading.Event)

    def takes(self, method: str, target: str) -> bool:
        """Return whether the fault applies to a request, and if so count it."""
        if self.left == 0 or not self.matching(method, target):
            return False
        if self.left is not None:
            self.left -= 1
        return True

    def paced(self, body: Iterator[bytes]) -> Iterator[bytes]:
        """Yield a body at the rate of the fault, until the fault is removed."""
        rate = self.rate
        if rate is None:
            yield from body
            return
        size, start, sent = max(1, int(rate / 20)), time.monotonic(), 0
        for data in body:
            for offset in range(0, len(data), size):
                piece = data[offset : offset + size]
                yield piece
                sent += len(piece)
                self.lifted.wait(start + sent / rate - time.monotonic())

    def shortened(self, body: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the part of a body before the cut.

        Raises ConnectionAbortedError at the cut, unless the body ends before it.
        """
        if self.cut is None:
            yield from body
            return
        left = self.cut
        for data in body:
            if len(data) > left:
                yield data[:left]
                raise ConnectionAbortedError("cut")
            yield data
            left -= len(data)
