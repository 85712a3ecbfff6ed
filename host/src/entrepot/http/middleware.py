"""Middleware for all responses: headers, request id and access log."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Protocol, cast
from uuid import uuid4

import falcon

from entrepot.access import ClientAddresses

__all__ = ["AccessLog", "Headers", "RequestLog"]


class AccessLog(Protocol):
    """Receives the log entry of a request; ``seconds`` is its duration, ``bytes_sent`` the size of the body."""

    def write(
        self,
        method: str,
        path: str,
        status: int,
        bytes_sent: int,
        seconds: float,
        remote: str,
        user: str,
        user_agent: str,
        request_id: str,
    ) -> None: ...


class Headers:
    """Adds the headers of every response: the API version, and the configured ones."""

    def __init__(self, configured: Mapping[str, tuple[str, ...]]) -> None:
        self._configured = [(name, value) for name, values in configured.items() for value in values]

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Falcon's hook after the resource."""
        resp.set_header("Docker-Distribution-Api-Version", "registry/2.0")
        for name, value in self._configured:
            resp.append_header(name, value)


class RequestLog:
    """Gives each request an id and its client's address, and logs it when its last byte has been sent."""

    def __init__(self, log: AccessLog | None, clients: ClientAddresses) -> None:
        self._log = log
        self._clients = clients
        self._process = uuid4().hex[:12]
        self._numbers = itertools.count()

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Falcon's hook before routing."""
        req.context.start = time.perf_counter()
        req.context.id = f"{self._process}-{next(self._numbers):x}"
        req.context.address = self._clients.of(req.remote_addr, req.env.get("HTTP_X_FORWARDED_FOR"))
        req.context.user = ""

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Falcon's hook after the resource; a streamed body is logged when it ends."""
        if self._log is None:
            return
        if resp.stream is not None:
            # Resources stream storage readers, which are iterables without file methods.
            resp.stream = _Logged(cast("Iterable[bytes]", resp.stream), req, resp.status_code, self)
        else:
            self.write(req, resp.status_code, len(resp.data or b""))

    def write(self, req: falcon.Request, status: int, size: int) -> None:
        """Log a request."""
        if self._log is not None:
            seconds = time.perf_counter() - req.context.start
            context, agent = req.context, req.user_agent or ""
            self._log.write(
                req.method, req.path, status, size, seconds, context.address, context.user, agent, context.id
            )


class _Logged:
    """A streamed body that counts the bytes sent."""

    def __init__(self, stream: Iterable[bytes], req: falcon.Request, status: int, log: RequestLog) -> None:
        self._stream = stream
        self._req = req
        self._status = status
        self._log = log
        self._sent = 0
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield chunk
            self._sent += len(chunk)

    def close(self) -> None:
        """Close the stream and log the request. Idempotent."""
        if self._open:
            self._open = False
            with suppress(AttributeError):
                self._stream.close()  # type: ignore[attr-defined]  # PEP 3333: optional for an iterable
            self._log.write(self._req, self._status, self._sent)
