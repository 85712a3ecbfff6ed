"""A proxy on 127.0.0.1 that records every request and injects faults."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from threading import Lock, Thread
from types import TracebackType
from typing import Self

from support.proxies.faults import ANY, Canned, Fault, Matching
from support.proxies.faulty_connection import Exchange, FaultyConnection
from support.services.network import HOST, free_port

__all__ = ["FaultProxy"]


class FaultProxy:
    """Forward to a server on ``target_port`` of 127.0.0.1 while the context is open; HTTP/1.1, without TLS.

    - A fault applies to requests that arrive after it was added. If several match, the one added last applies.
      ``matching`` takes a method and a target; ``times`` is the number of requests that the fault applies to.
    - ``heal`` removes all faults and closes hanging connections.
    - The Host header is forwarded unchanged, so that signatures of requests stay valid.
    """

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self._lock = Lock()
        self._exchanges: list[Exchange] = []
        self._faults: list[Fault] = []
        self._connections: set[FaultyConnection] = set()
        self._listener: socket.socket | None = None
        self._accepting: Thread | None = None

    @property
    def requests(self) -> list[tuple[str, str, int]]:
        """Method, target and status of every request, in order of arrival. The status is 0 until a response begins."""
        with self._lock:
            return [(one.method, one.target, one.status) for one in self._exchanges]

    def clear(self) -> None:
        """Reset the recorded requests."""
        with self._lock:
            self._exchanges.clear()

    def refuse(self) -> None:
        """Remove all faults, close every connection, and refuse new ones until ``heal``."""
        self._stop_listening()
        self._end_faults()
        self._hang_up()

    def delay(self, seconds: float, *, matching: Matching = ANY, times: int | None = None) -> None:
        """Delay requests before they are forwarded."""
        self._add(Fault(matching, times, delay=seconds))

    def hang(self, *, matching: Matching = ANY, times: int | None = None) -> None:
        """Read no more than the head of a request, and never respond."""
        self._add(Fault(matching, times, hang=True))

    def drop(self, *, matching: Matching = ANY, times: int | None = None) -> None:
        """Forward the request to the server, and close the connection instead of responding."""
        self._add(Fault(matching, times, drop=True))

    def cut(self, after_bytes: int, *, matching: Matching = ANY, times: int | None = None) -> None:
        """Close the connection after this many bytes of a response body. Shorter bodies are forwarded completely."""
        self._add(Fault(matching, times, cut=after_bytes))

    def slow(self, bytes_per_second: float, *, matching: Matching = ANY, times: int | None = None) -> None:
        """Limit the rate of request bodies and of response bodies, each."""
        self._add(Fault(matching, times, rate=bytes_per_second))

    def answer(
        self,
        status: int,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        matching: Matching = ANY,
        times: int | None = None,
    ) -> None:
        """Respond without contacting the server."""
        self._add(Fault(matching, times, canned=Canned(status, body, headers or {})))

    def heal(self) -> None:
        """Remove all faults."""
        self._end_faults()
        if self._listener is None:
            self._listen()

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()

    def _add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.insert(0, fault)

    def _begin(self, method: str, target: str) -> tuple[Exchange, Fault]:
        exchange = Exchange(method, target)
        with self._lock:
            self._exchanges.append(exchange)
            return exchange, next((fault for fault in self._faults if fault.takes(method, target)), Fault())

    def _listen(self) -> None:
        self._listener = socket.create_server((HOST, self.port), backlog=256)
        self._accepting = Thread(target=self._accept, args=(self._listener,), name="fault-proxy", daemon=True)
        self._accepting.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            connection = FaultyConnection(client, self._target_port, self._begin, self._ended)
            with self._lock:
                self._connections.add(connection)
                connection.start()

    def _ended(self, connection: FaultyConnection) -> None:
        with self._lock:
            self._connections.discard(connection)

    def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None and self._accepting is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self._accepting.join()

    def _end_faults(self) -> None:
        with self._lock:
            faults, self._faults = self._faults, []
        for fault in faults:
            fault.lifted.set()

    def _hang_up(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()
