"""Counting of the HTTP requests of this process, for all libraries based on ``http.client``."""

from __future__ import annotations

import sys
from collections import Counter
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from entrepot_benchmarks.cost.kinds import kind_of, parse_head

__all__ = ["Wire"]

_TUNNEL: Final = "CONNECT"


class Wire:
    """Counts requests by kind, from the call of ``listen`` until the process exits.

    It uses the audit events that ``http.client`` raises for everything it sends. A request is sent in several pieces;
    its Content-Length determines where the next request begins, regardless of the content of the body.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._observed = False
        self._lock = Lock()
        # Number of bytes of a body that each connection still has to send.
        self._left: WeakKeyDictionary[object, int] = WeakKeyDictionary()

    def listen(self) -> None:
        """Start counting. An audit hook cannot be removed, so this should be called in a separate process."""
        sys.addaudithook(self._audit)

    @property
    def heard(self) -> bool:
        """Whether any request was observed."""
        return self._observed

    def take(self) -> dict[str, int]:
        """Return the requests since the last call, by kind."""
        with self._lock:
            taken, self._counts = dict(self._counts), Counter()
        return taken

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "http.client.send":
            connection, data = arguments
            with self._lock:
                self._sent(connection, data)
        elif event == "http.client.connect":
            with self._lock:
                self._left.pop(arguments[0], None)

    def _sent(self, connection: object, data: object) -> None:
        left = self._left.pop(connection, 0)
        if not isinstance(data, bytes | bytearray | memoryview):
            return  # an iterable, which contains the entire rest of a body
        piece = bytes(data) if left <= 0 else b""
        head = parse_head(piece)
        if head is None:
            if left > len(data):
                self._left[connection] = left - len(data)
            return
        # With "Expect", the server may respond before the body, so the remaining length is unknown. Bodies of such
        # requests must not look like a head.
        if "expect" not in head.headers:
            begun = len(piece) - piece.find(b"\r\n\r\n") - 4
            self._left[connection] = int(head.headers.get("content-length", 0)) - begun
        if head.method != _TUNNEL:
            self._observed = True
            self._counts[kind_of(head)] += 1
