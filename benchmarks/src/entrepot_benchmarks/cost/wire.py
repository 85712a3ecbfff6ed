"""The HTTP requests of this process, as Python's own client puts them on the wire, whichever library stands on it."""

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
    """Counts requests by their kind, from the moment that ``listen`` is called until the process ends.

    It hears the audit event that ``http.client`` raises with all bytes that it sends. A request is sent in several
    pieces: how long its body is tells where the next one begins, whatever the body looks like.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._heard = False
        self._lock = Lock()
        # How many bytes of a body each connection still has to send.
        self._left: WeakKeyDictionary[object, int] = WeakKeyDictionary()

    def listen(self) -> None:
        """Begin; an audit hook can never be taken away again, so this belongs into a process of its own."""
        sys.addaudithook(self._hear)

    @property
    def heard(self) -> bool:
        """Whether there was any request yet."""
        return self._heard

    def take(self) -> dict[str, int]:
        """The requests since the last call, by kind."""
        with self._lock:
            taken, self._counts = dict(self._counts), Counter()
        return taken

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
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
            return  # an iterable, which is the whole rest of a body
        piece = bytes(data) if left <= 0 else b""
        head = parse_head(piece)
        if head is None:
            if left > len(data):
                self._left[connection] = left - len(data)
            return
        # Where the server may answer before the body, what is left is unknown: then a body must not look like a head.
        if "expect" not in head.headers:
            begun = len(piece) - piece.find(b"\r\n\r\n") - 4
            self._left[connection] = int(head.headers.get("content-length", 0)) - begun
        if head.method != _TUNNEL:
            self._heard = True
            self._counts[kind_of(head)] += 1
