"""The connections of the proxy: a pair of sockets, and the bytes on their way in each direction."""

from __future__ import annotations

import selectors
import socket
import struct
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Conditions", "Pair", "reset"]

MOST: Final = 256 * 2**10
"""Bytes that may be on their way in one direction."""

PIECE: Final = 64 * 2**10


@dataclass
class Conditions:
    """What happens to connections; see the methods of ``Proxy``."""

    stalled: bool = False
    cut: str | None = None
    after: int = 0
    lost: int | None = None
    dropped: int | None = None
    how: str = "reset"
    times: int | None = None
    delays: Mapping[str, float] = field(default_factory=dict)
    rates: Mapping[str, int] = field(default_factory=dict)
    cuts: int = 0
    responses: int = 0
    requests: int = 0


def reset(connection: socket.socket) -> None:
    """Close a connection so that the other side gets an error, not an end."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Pipe:
    """One direction of a connection."""

    def __init__(self, direction: str, source: socket.socket, sink: socket.socket) -> None:
        self.direction, self.source, self.sink = direction, source, sink
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.held = 0
        self.passed = 0
        self.ended = False
        self.shut = False
        self.readable = self.writable = True
        self.free_at = 0.0

    def read(self, now: float, conditions: Conditions) -> None:
        """Take bytes from the source, unless too many are on their way."""
        while self.readable and not self.ended and self.held < MOST:
            try:
                data = self.source.recv(PIECE)
            except BlockingIOError:
                self.readable = False
                return
            if not data:
                self.ended = True
                return
            self.free_at = max(now + conditions.delays.get(self.direction, 0.0), self.free_at)
            self.held += len(data)
            if (rate := conditions.rates.get(self.direction)) is None:
                self.waiting.append((self.free_at, data))
                continue
            step = max(1, rate // 10)
            for start in range(0, len(data), step):
                piece = data[start : start + step]
                self.free_at += len(piece) / rate
                self.waiting.append((self.free_at, piece))

    def write(self, now: float, most: int | None) -> None:
        """Pass on what is due, at most ``most`` bytes."""
        while self.waiting and self.writable and self.waiting[0][0] <= now and most != 0:
            due, data = self.waiting.popleft()
            try:
                sent = self.sink.send(data[:most])
            except BlockingIOError:
                self.writable, sent = False, 0
            self.held -= sent
            self.passed += sent
            most = None if most is None else most - sent
            if sent < len(data):
                self.waiting.appendleft((due, data[sent:]))
        if self.ended and not self.waiting and not self.shut:
            self.shut = True
            with suppress(OSError):
                self.sink.shutdown(socket.SHUT_WR)


class Pair:
    """The sockets of one connection through the proxy."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.sockets = (client, server)
        for each in self.sockets:
            each.setblocking(False)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pipes = (Pipe("request", client, server), Pipe("response", server, client))
        self.ended = False
        self.stuck = False
        self.ends_normally = False
        self.sending = ""

    def begin(self, conditions: Conditions) -> None:
        """Apply other conditions from now on."""
        self.conditions = conditions
        self.stuck, self.sending = False, ""
        for pipe in self.pipes:
            pipe.passed = 0

    def ready(self, which: object, events: int) -> None:
        """Note that a socket can be read or written."""
        for pipe in self.pipes:
            pipe.readable = pipe.readable or (pipe.source is which and bool(events & selectors.EVENT_READ))
            pipe.writable = pipe.writable or (pipe.sink is which and bool(events & selectors.EVENT_WRITE))

    def move(self, now: float) -> float | None:
        """Move what can be moved; returns how long it takes until more is due, or None."""
        if self.stuck or self.conditions.stalled:
            return None
        try:
            for pipe in self.pipes:
                pipe.read(now, self.conditions)
                self._count(pipe)
                pipe.write(now, self._most(pipe))
                if pipe.waiting and self._most(pipe) == 0:
                    self._cut()
                    return None
        except OSError:
            self.ended = True
        self.ended = self.ended or all(pipe.shut for pipe in self.pipes)
        dues = [pipe.waiting[0][0] - now for pipe in self.pipes if pipe.waiting and pipe.writable]
        return max(0.0, min(dues)) if dues else None

    def interests(self) -> Iterator[tuple[socket.socket, int]]:
        """Yield each socket with the events to wait for."""
        idle = self.stuck or self.conditions.stalled
        for pipe, back in (self.pipes, self.pipes[::-1]):
            wanted = 0
            if not idle and not pipe.ended and pipe.held < MOST:
                wanted |= selectors.EVENT_READ
            if not idle and back.waiting and not back.writable:
                wanted |= selectors.EVENT_WRITE
            yield pipe.source, wanted

    def close(self) -> None:
        """End both sides if both have ended, or are to end normally; otherwise reset them."""
        normally = self.ends_normally or all(pipe.shut for pipe in self.pipes)
        for each in self.sockets:
            if normally:
                each.close()
            else:
                reset(each)

    def _count(self, pipe: Pipe) -> None:
        """Count requests and responses: each begins with the first bytes after those of the other direction."""
        if not pipe.waiting or pipe.direction == self.sending:
            return
        if pipe.direction == "request":
            self.conditions.requests += 1
        elif self.sending:
            self.conditions.responses += 1
        else:
            return
        self.sending = pipe.direction

    def _most(self, pipe: Pipe) -> int | None:
        conditions = self.conditions
        if conditions.times is not None and conditions.cuts >= conditions.times:
            return None
        if conditions.lost is not None and pipe.direction == "response":
            return 0 if conditions.responses > conditions.lost else None
        if conditions.dropped is not None and pipe.direction == "request":
            return 0 if conditions.requests > conditions.dropped else None
        return max(0, conditions.after - pipe.passed) if conditions.cut == pipe.direction else None

    def _cut(self) -> None:
        self.conditions.cuts += 1
        self.stuck = self.conditions.how == "stall"
        self.ends_normally = self.conditions.how == "end"
        self.ended = not self.stuck
