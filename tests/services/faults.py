"""What can go wrong with a request on its way, and which requests it happens to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["ANY", "Canned", "Fault", "Matching"]

Matching = Callable[[str, str], bool]
"""Whether a request is meant, by its method and its target (path and query)."""


def ANY(method: str, target: str) -> bool:  # noqa: N802 - a constant of the kind Matching
    """Every request."""
    return True


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that no backend gave."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def raw(self, method: str) -> bytes:
        """The answer as it is on the wire."""
        headers = {"Content-Length": str(len(self.body)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} Fault", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + (b"" if method == "HEAD" else self.body)


@dataclass(slots=True)
class Fault:
    """One fault; ``left`` is how many requests it still happens to, None all.

    - ``delay``: seconds before a request is passed on. ``hang``: it is not read any further.
    - ``drop``: the backend's answer is thrown away. ``cut``: it ends after so many bytes of its body.
    - ``rate``: bytes per second of each body. ``canned``: what is answered instead of asking the backend.
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
        """Whether it happens to this request; counts it if so."""
        if self.left == 0 or not self.matching(method, target):
            return False
        if self.left is not None:
            self.left -= 1
        return True

    def paced(self, body: Iterator[bytes]) -> Iterator[bytes]:
        """A body at the fault's rate, until the fault is lifted."""
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
        """The part of a body that comes before the cut.

        Raises ConnectionAbortedError at the cut, and none where the body ends before.
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
