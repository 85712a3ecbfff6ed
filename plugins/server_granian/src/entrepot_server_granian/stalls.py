"""Disconnection of clients that stall in the middle of a request body."""

from __future__ import annotations

import logging
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final, Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["StallWatch"]

_LOOKS: Final = 8
_TCP_INFO: Final = struct.Struct("=44xI4xI100xI")
"""Fields of Linux's ``tcp_info``: milliseconds since data was last sent and received; segments sent with data."""

_DISPATCH_SECONDS: Final = 5.0
"""Maximum time that a request may have waited for a thread."""

_NEAR_SECONDS: Final = 1.0
_LAX_TIMES: Final = 4
_TICK_SECONDS: Final = 0.05
_FAREWELL_SECONDS: Final = 5.0
"""Time for a client to receive the response and close its connection before it is disconnected."""

_log = logging.getLogger(__name__)


class _Input(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Watched:
    """A request body that records since when it is waiting for its client."""

    def __init__(self, source: _Input, environ: WSGIEnvironment, bodies: set[_Watched]) -> None:
        self._source = source
        self._bodies = bodies
        self._lock = threading.Lock()
        self._answered = False
        self._ended: threading.Event | None = None
        self.address = str(environ.get("REMOTE_ADDR", ""))
        self.streams = str(environ.get("SERVER_PROTOCOL", "")).startswith("HTTP/2")
        self.expects = "HTTP_EXPECT" in environ
        self.began = self.moved = time.monotonic()
        self.waiting = False

    def read(self, size: int) -> bytes:
        """Return the next bytes. Raises OSError if the request has been answered."""
        with self._lock:
            if self._answered:
                raise OSError("the request has been answered")
            self.moved, self.waiting = time.monotonic(), True
        try:
            return self._source.read(size)
        finally:
            with self._lock:
                self.moved, self.waiting = time.monotonic(), False
                if self._ended is not None:
                    self._bodies.discard(self)
                    self._ended.set()

    def answered(self) -> threading.Event | None:
        """Reject further reads. Return an event for the end of the read in another thread, or None if there is none."""
        with self._lock:
            self._answered = True
            if not self.waiting:
                self._bodies.discard(self)
                return None
            self._ended = threading.Event()
            return self._ended

    def __getattr__(self, name: str) -> object:
        return getattr(self._source, name)


class _Connection:
    """An accepted connection; times are those of ``time.monotonic``."""

    def __init__(self, descriptor: int) -> None:
        # Duplicated, because granian may close the descriptor and accept the next client with the same number.
        copy = os.dup(descriptor)
        try:
            self.socket = socket.socket(fileno=copy)
        except OSError:
            os.close(copy)
            raise
        try:
            self.port = self.socket.getsockname()[1]
            address = str(self.socket.getpeername()[0])
            found = self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        except (OSError, IndexError):
            self.socket.close()
            raise
        self.address = address
        sent, received, segments = _TCP_INFO.unpack(found)
        self.silent = segments == 0
        now = time.monotonic()
        self.sent: float = now - sent / 1000
        self.received: float = now - received / 1000

    def may_have_carried(self, body: _Watched, answered: float) -> bool:
        """Return whether the response sent last, at about ``answered``, can be that to the request of a body."""
        near = -_TICK_SECONDS < self.sent - answered < _NEAR_SECONDS
        return near and not self.silent and self.address == body.address and self.received < answered + _NEAR_SECONDS

    def may_carry(self, body: _Watched, *, lax: bool) -> bool:
        """Return whether a body can be stalled on this connection; ``lax``: even if the connection may be idle."""
        if self.address != body.address:
            return False
        if body.streams:  # window updates and other responses may have been sent since
            return self.received >= body.began - _DISPATCH_SECONDS
        if body.expects and abs(self.sent - body.moved) < (_NEAR_SECONDS if lax else _TICK_SECONDS):
            return True  # "100 Continue" was sent last
        # On an idle connection, the response was sent last. The kernel's times have the resolution of its ticks.
        return self.silent or self.received > self.sent or (lax and self.received == self.sent)


class StallWatch:
    """Disconnects clients that have sent nothing of a body for some seconds.

    A thread that reads from granian's body waits in Rust until the client closes the connection, and granian does not
    expose the connection. So it is found among those of the same address: the one on which data was received last, and
    that longer ago than the timeout. In HTTP/2 all streams of the connection end with it.
    """

    def __init__(self, seconds: float, listener: socket.socket) -> None:
        self._seconds = seconds
        self._port: int = listener.getsockname()[1]
        self._bodies: set[_Watched] = set()
        self._unread: dict[int, tuple[_Watched, threading.Event]] = {}
        self._ending = threading.Lock()
        if sys.platform == "linux":
            threading.Thread(target=self._watch, name="stalls", daemon=True).start()

    def wrap(
        self, application: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
    ) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
        """Wrap the application to watch requests with a body until it returns its response."""

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if (
                environ["REQUEST_METHOD"] in {"GET", "HEAD"}
                and "CONTENT_LENGTH" not in environ
                and "HTTP_TRANSFER_ENCODING" not in environ
            ):
                return application(environ, start_response)
            body = environ["wsgi.input"] = _Watched(environ["wsgi.input"], environ, self._bodies)
            self._bodies.add(body)
            try:
                return application(environ, start_response)
            finally:
                ended = body.answered()
                if ended is not None:
                    self._unread[threading.get_ident()] = body, ended

        return serve

    def wrap_callback(self, callback: Callable[[object, object], object]) -> Callable[[object, object], object]:
        """Wrap granian's callback, which sends the response, to wait until no thread reads from the body.

        When the callback returns, granian closes the body: it waits for a read in progress with the GIL held, so no
        thread of the worker would run until the client sends something.
        """

        def answer(protocol: object, environ: object) -> object:
            try:
                return callback(protocol, environ)
            finally:
                if self._unread and (unread := self._unread.pop(threading.get_ident(), None)) is not None:
                    self._await_end(*unread)

        return answer

    def _await_end(self, body: _Watched, ended: threading.Event) -> None:
        answered = time.monotonic()
        while not ended.wait(_FAREWELL_SECONDS):
            # In HTTP/2 the other streams of the connection would end with it, see _watch.
            if sys.platform == "linux" and not body.streams:
                with self._ending:  # one pass may disconnect several clients
                    if not ended.is_set():
                        self._end_answered(body, answered)

    def _end_answered(self, body: _Watched, answered: float) -> None:
        found = list(self._connections())
        try:
            for one in found:
                if one.port == self._port and one.may_have_carried(body, answered):
                    with suppress(OSError):
                        one.socket.shutdown(socket.SHUT_RDWR)
                    _log.info("answered upload disconnected address=%s", one.address)
        finally:
            for one in found:
                one.socket.close()

    def _watch(self) -> None:
        while True:
            time.sleep(min(5.0, self._seconds / _LOOKS))
            since = time.monotonic() - self._seconds
            old = [body for body in self._bodies.copy() if body.moved < since]
            if any(body.waiting for body in old):
                self._end([body for body in old if body.waiting], [body for body in old if not body.waiting], since)

    def _end(self, stalled: list[_Watched], working: list[_Watched], since: float) -> None:
        long = since - (_LAX_TIMES - 1) * self._seconds
        found = list(self._connections())
        try:
            quiet = [one for one in found if one.port == self._port and one.received < since]
            candidates = [one for one in quiet if any(one.may_carry(body, lax=body.moved < long) for body in stalled)]
            for one in candidates:
                # A complete request that the application is still processing looks the same, so connections that
                # received data at the same time as such a request are kept until it is answered.
                if any(abs(one.received - body.moved) < _NEAR_SECONDS for body in working):
                    continue
                with suppress(OSError):
                    one.socket.shutdown(socket.SHUT_RDWR)
                _log.info("stalled upload disconnected address=%s seconds=%.0f", one.address, self._seconds)
        finally:
            for one in found:
                one.socket.close()

    def _connections(self) -> Iterator[_Connection]:
        for name in os.listdir("/proc/self/fd"):
            with suppress(OSError, IndexError):
                yield _Connection(int(name))
