"""A TCP proxy that refuses, stalls, cuts, delays and slows down connections."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Final, Literal, TypeAlias, TypeVar

from entrepot_contract.testing.weather.pipes import Conditions, Pair, reset

__all__ = ["Address", "Direction", "How", "Proxy"]

Address: TypeAlias = tuple[str, int]
Direction: TypeAlias = Literal["request", "response"]
How: TypeAlias = Literal["reset", "end", "stall"]
Answer = TypeVar("Answer")
Number = TypeVar("Number", int, float)
PATIENCE: Final = 10.0
CONNECT: Final = 10.0


class Proxy:
    """Passes the bytes of all connections to ``target`` and back, until a test makes it fail.

    One thread serves all connections, and ends with ``close``. Every method takes effect before it returns.
    """

    def __init__(self, target: Address) -> None:
        family, _, _, _, address = socket.getaddrinfo(*target, type=socket.SOCK_STREAM)[0]
        self._target = address[:2]
        self._family = socket.AddressFamily(family)
        # ``listen`` is never called: it keeps the port while connections to it are refused.
        self._place = self._bound(0)
        self.address: Address = self._place.getsockname()[:2]
        self.accepted = 0
        """The number of connections accepted so far."""
        self._conditions = Conditions()
        self._pairs: set[Pair] = set()
        self._orders: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._listener: socket.socket | None = None
        self._listen()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="weather", daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        """The number of connections that are open."""
        return self._order(lambda: len(self._pairs))

    def refuse(self) -> None:
        """Reset all connections, and refuse new ones."""

        def apply() -> None:
            self._deafen()
            self._reset()

        self._order(apply)

    def reset(self) -> None:
        """Reset all connections that are open; new ones work."""
        self._order(self._reset)

    def stall(self) -> None:
        """Accept connections, and pass nothing on, in either direction."""
        self._change(stalled=True)

    def cut(self, direction: Direction, after: int, *, how: How = "reset", times: int | None = None) -> None:
        """Break each connection once ``after`` more bytes have passed in one direction; the next byte is dropped.

        - ``how`` is a reset, a normal end, or a stall: the connection stays open, and nothing more is passed on.
        - ``times`` is how many connections are broken; by default, all of them until ``heal``.
        """
        self._change(cut=direction, after=after, how=how, times=times)

    def lose(self, response: int, *, how: How = "reset", times: int | None = 1) -> None:
        """Break the connection instead of passing on a response: the next one is number 0.

        A response begins with the first byte that the backend sends after it has received some.
        """
        self._change(lost=response, how=how, times=times)

    def drop(self, request: int, *, how: How = "reset", times: int | None = 1) -> None:
        """Break the connection instead of passing on a request: the next one is number 0.

        A request begins with the first byte of a connection, or the first after a response.
        """
        self._change(dropped=request, how=how, times=times)

    @property
    def cuts(self) -> int:
        """The number of connections broken since the last ``cut``, ``lose`` or ``drop``."""
        return self._order(lambda: self._conditions.cuts)

    def delay(self, seconds: float, direction: Direction | None = None) -> None:
        """Pass bytes on later, in one direction or in both."""
        self._change(delays=_by_direction(seconds, direction))

    def slow_down(self, rate: int, direction: Direction | None = None) -> None:
        """Pass on ``rate`` bytes per second of each connection, evenly, in one direction or in each of both."""
        self._change(rates=_by_direction(rate, direction))

    def heal(self) -> None:
        """Pass everything on again, also on connections that were stalled."""

        def apply() -> None:
            self._set(Conditions())
            if self._listener is None:
                self._listen()

        self._order(apply)

    def close(self) -> None:
        """Close all connections, and the port. Idempotent."""
        if not self._closed:
            self._order(self._deafen)
            self._closed = True
            self._wake.send(b"x")
            self._thread.join(PATIENCE)
            self._reset()
            for each in (self._place, self._wake, self._woken, self._selector):
                each.close()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _bound(self, port: int) -> socket.socket:
        made = socket.socket(self._family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(("::1" if self._family == socket.AF_INET6 else "127.0.0.1", port))
        return made

    def _listen(self) -> None:
        self._listener = self._bound(self.address[1])
        self._listener.listen(128)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)

    def _deafen(self) -> None:
        if self._listener is not None:
            self._selector.unregister(self._listener)
            # Connections that are waiting to be accepted are reset by the system.
            self._listener.close()
            self._listener = None

    def _change(self, **changes: object) -> None:
        self._order(lambda: self._set(Conditions(**changes)))  # type: ignore[arg-type]  # the fields of Conditions

    def _set(self, conditions: Conditions) -> None:
        self._conditions = conditions
        for pair in self._pairs:
            pair.begin(conditions)

    def _reset(self) -> None:
        for pair in list(self._pairs):
            self._drop(pair)

    def _drop(self, pair: Pair) -> None:
        self._pairs.discard(pair)
        for each in pair.sockets:
            with suppress(KeyError, ValueError):
                self._selector.unregister(each)
        pair.close()

    def _order(self, work: Callable[[], Answer]) -> Answer:
        """Do something in the proxy's thread, and return its result."""
        done: Future[Answer] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
                done.set_exception(error)

        if self._closed:
            raise RuntimeError("the proxy is closed")
        with self._lock:
            self._orders.append(run)
        self._wake.send(b"x")
        return done.result(PATIENCE)

    def _run(self) -> None:
        pause: float | None = None
        while not self._closed:
            for key, events in self._selector.select(pause):
                if key.fileobj is self._woken:
                    with suppress(BlockingIOError):
                        self._woken.recv(4096)
                elif key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.data, Pair) and key.data in self._pairs:
                    key.data.ready(key.fileobj, events)
            with self._lock:
                orders, self._orders = self._orders, []
            for order in orders:
                order()
            pause = self._turn()

    def _turn(self) -> float | None:
        """Move what can be moved; returns how long nothing will change by itself."""
        now, pauses = time.monotonic(), []
        for pair in list(self._pairs):
            pause = pair.move(now)
            if pair.ended:
                self._drop(pair)
                continue
            if pause is not None:
                pauses.append(pause)
            for each, wanted in pair.interests():
                self._watch(each, wanted, pair)
        return min(pauses, default=None)

    def _watch(self, each: socket.socket, wanted: int, pair: Pair) -> None:
        known = self._selector.get_map().get(each)
        if known is None and wanted:
            self._selector.register(each, wanted, pair)
        elif known is not None and not wanted:
            self._selector.unregister(each)
        elif known is not None and known.events != wanted:
            self._selector.modify(each, wanted, pair)

    def _accept(self) -> None:
        assert self._listener is not None
        with suppress(BlockingIOError, ConnectionError):
            client, _ = self._listener.accept()
            self.accepted += 1
            server = socket.socket(self._family, socket.SOCK_STREAM)
            server.settimeout(CONNECT)
            try:
                server.connect(self._target)
            except OSError:
                server.close()
                reset(client)
                return
            pair = Pair(client, server)
            pair.begin(self._conditions)
            self._pairs.add(pair)


def _by_direction(value: Number, direction: Direction | None) -> Mapping[str, Number]:
    return {each: value for each in ("request", "response") if direction in (None, each)}
