"""Fault injection between the server and the registry."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Faults"]

_CODES: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "UNAUTHORIZED",
    HTTPStatus.FORBIDDEN: "DENIED",
    HTTPStatus.TOO_MANY_REQUESTS: "TOOMANYREQUESTS",
    HTTPStatus.SERVICE_UNAVAILABLE: "UNAVAILABLE",
}


@dataclass
class _Fault:
    method: str | None
    path: re.Pattern[str]
    left: int
    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    delay: float = 0.0
    cut: int | None = None


class Faults:
    """Faults for the next requests, in the order in which they were added.

    ``method`` restricts a fault to one method, None means any; ``path`` is a regular expression searched in the path;
    ``times`` is how many requests fail, at least 1. Invalid arguments raise ValueError or re.error.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._planned: list[_Fault] = []
        self._lock = threading.Lock()
        self._interrupted = threading.Event()

    def answer(
        self, status: int, *, times: int = 1, method: str | None = None, path: str = "", retry_after: int | None = None
    ) -> None:
        """Return an error response, with ``retry_after`` in seconds, without calling the registry.

        Raises ValueError if there is no such HTTP status.
        """
        status = HTTPStatus(status)
        headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
        self._plan(_Fault(method, re.compile(path), times, status=status, headers=headers))

    def delay(self, seconds: float, *, times: int = 1, method: str | None = None, path: str = "") -> None:
        """Wait before requests are handled; ends early if the registry is closed or made unreachable."""
        self._plan(_Fault(method, re.compile(path), times, delay=seconds))

    def cut(self, after: int, *, times: int = 1, method: str | None = None, path: str = "") -> None:
        """Close the connection after this many bytes of a response's body."""
        self._plan(_Fault(method, re.compile(path), times, cut=after))

    @property
    def left(self) -> int:
        """How many requests will still fail; 0 if all planned faults have occurred."""
        with self._lock:
            return sum(fault.left for fault in self._planned)

    def clear(self) -> None:
        """Remove all planned faults."""
        with self._lock:
            self._planned.clear()

    def interrupt(self) -> None:
        """End all current delays."""
        with self._lock:
            self._interrupted.set()
            self._interrupted = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        fault, interrupted = self._next(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if fault is None:
            return self._application(environ, start_response)
        if fault.delay:
            interrupted.wait(fault.delay)
        if fault.status is not None:
            return _error_response(fault.status, fault.headers, start_response)
        body = self._application(environ, start_response)
        return body if fault.cut is None else _cut(body, fault.cut)

    def _plan(self, fault: _Fault) -> None:
        if fault.left < 1:
            raise ValueError(f"times is {fault.left}, and must be at least 1")
        with self._lock:
            self._planned.append(fault)

    def _next(self, method: str, path: str) -> tuple[_Fault | None, threading.Event]:
        """Returns the fault for a request, and the event that ends its delay."""
        with self._lock:
            for fault in self._planned:
                if fault.method in {None, method} and fault.path.search(path):
                    fault.left -= 1
                    if fault.left <= 0:
                        self._planned.remove(fault)
                    return fault, self._interrupted
            return None, self._interrupted


def _error_response(status: int, headers: list[tuple[str, str]], start_response: StartResponse) -> list[bytes]:
    phrase = HTTPStatus(status).phrase
    entry = {"code": _CODES.get(status, "UNKNOWN"), "message": f"injected fault: {phrase.lower()}"}
    body = json.dumps({"errors": [entry]}).encode()
    fields = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers]
    start_response(f"{status} {phrase}", fields)
    return [body]


def _cut(body: Iterable[bytes], left: int) -> Iterator[bytes]:
    """Yield the first bytes: the server closes the connection if fewer are sent than announced."""
    try:
        for chunk in body:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
