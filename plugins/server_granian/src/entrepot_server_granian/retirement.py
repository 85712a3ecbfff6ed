"""The end of a worker whose place others take: no connection of it is reset, and no request cut off."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["Retirement"]


class Retirement:
    """What a worker does before it is told to end, so that its clients go on with the others."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._begun = False

    def begin(self) -> None:
        """Take no more connections, and let every answer in HTTP/1.1 be the last on its connection."""
        self._begun = True
        # granian can stop to accept only together with closing what is idle, as a connection is that has not sent its
        # request yet. So its descriptor becomes that of a socket which nobody can connect to; the other workers have
        # their own descriptors of the real one.
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as nobody:
            nobody.setblocking(False)
            nobody.bind("")
            nobody.listen()
            os.dup2(nobody.fileno(), self._listener.fileno(), inheritable=False)

    def wrap(
        self, application: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
    ) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
        """The application, with ``Connection: close`` in its answers once the retirement has begun (RFC 9112, 9.6)."""

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if not (self._begun and environ["SERVER_PROTOCOL"].startswith("HTTP/1")):
                return application(environ, start_response)

            def last(status: str, headers: list[tuple[str, str]], *exception: object) -> Callable[[bytes], object]:
                return start_response(status, [*headers, ("Connection", "close")])

            return application(environ, last)

        return serve
