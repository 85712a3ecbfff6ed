"""Request bodies: reads with a timeout, and connections that are closed after the response."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Protocol
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from entrepot_contract.server import CLOSE_CONNECTION, INPUT_TIMEOUT

__all__ = ["with_input"]


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Input:
    """granian's body, which has no timeout, with a deadline set by ``limit``."""

    def __init__(self, source: _Source, aside: threading.BoundedSemaphore) -> None:
        self._source = source
        self._aside = aside
        self._deadline: float | None = None
        self.closing = False

    def limit(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    def close_connection(self) -> None:
        self.closing = True

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, or fewer at the end. Raises TimeoutError if that takes longer than the limit."""
        if self._deadline is None:
            return self._source.read(size)
        if not self._aside.acquire(blocking=False):
            raise TimeoutError("too many abandoned reads are still waiting")
        answer: SimpleQueue[bytes] = SimpleQueue()
        try:
            threading.Thread(target=self._read_aside, args=(size, answer), name="drain", daemon=True).start()
        except RuntimeError:  # the operating system has no more threads
            self._aside.release()
            raise TimeoutError("no thread available for the read") from None
        try:
            return answer.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except Empty:
            raise TimeoutError("the client did not send its body in time") from None

    def _read_aside(self, size: int, answer: SimpleQueue[bytes]) -> None:
        try:
            answer.put(self._source.read(size))
        except OSError:  # the request was answered before the read began
            answer.put(b"")
        finally:
            self._aside.release()


def with_input(
    application: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]], most_aside: int
) -> WSGIApplication:
    """Wrap the application to add INPUT_TIMEOUT and CLOSE_CONNECTION to the environment of requests with a body.

    An abandoned read continues until its client sends more or its connection is closed. While there are ``most_aside``
    of them, further reads with a deadline raise TimeoutError.
    """
    aside = threading.BoundedSemaphore(most_aside)

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        http1 = environ["SERVER_PROTOCOL"].startswith("HTTP/1")
        if http1 and "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" not in environ:
            return application(environ, start_response)
        body = _Input(environ["wsgi.input"], aside)
        environ["wsgi.input"] = body
        environ[INPUT_TIMEOUT], environ[CLOSE_CONNECTION] = body.limit, body.close_connection

        def answer(status: str, headers: list[tuple[str, str]], *exception: object) -> Callable[[bytes], object]:
            if http1 and body.closing:
                headers = [*headers, ("Connection", "close")]
            return start_response(status, headers)

        return application(environ, answer)

    return serve
