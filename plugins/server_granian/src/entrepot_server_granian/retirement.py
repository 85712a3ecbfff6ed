"""Graceful shutdown of a replaced worker: no connection is reset, and no request is interrupted."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["Retirement"]


class Retirement:
    """Moves a worker's clients to other workers before it stops."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._begun = False

    def begin(self) -> None:
        """Stop accepting connections, and close every HTTP/1.1 connection after its next response."""
        self._begun = True
        # When granian stops accepting it also closes idle connections, including new ones that have not sent a request
        # yet. So its descriptor is replaced with a socket that no client can connect to; the other workers have their
        # own descriptors of the real socket.
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unreachable:
            unreachable.setblocking(False)
            unreachable.bind("")
            unreachable.listen()
            os.dup2(unreachable.fileno(), self._listener.fileno(), inheritable=False)

    def wrap(
        self, application: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
    ) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
        """Wrap the application to send ``Connection: close`` once the retirement has begun (RFC 9112, 9.6)."""

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if not (self._begun and environ["SERVER_PROTOCOL"].startswith("HTTP/1")):
                return application(environ, start_response)

            def last(status: str, headers: list[tuple[str, str]], *exception: object) -> Callable[[bytes], object]:
                return start_response(status, [*headers, ("Connection", "close")])

            return application(environ, last)

        return serve
