"""One connection of a client."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Final

from gunicorn import http, sock
from gunicorn.workers.gthread import TConn

from entrepot_server_gunicorn.input import TimedUnreader

__all__ = ["Connection"]

_GOODBYE_SECONDS: Final = 2.0


class Connection(TConn):
    """gunicorn's connection, on which nobody can stall for ever."""

    stall_timeout: float
    """Seconds that a client may let a thread wait for one step: the handshake, a piece of a body or of an answer."""

    def init(self) -> None:
        """Do the handshake of TLS, once; called in a thread before each request."""
        self.sock.settimeout(self.stall_timeout)
        if self.initialized:
            return
        self.initialized = True
        if self.cfg.is_ssl:
            secured = sock.ssl_wrap_socket(self.sock, self.cfg)
            self.sock = secured
            secured.do_handshake()
        self.parser = http.get_parser(self.cfg, self.sock, self.client)
        self.parser.unreader = TimedUnreader(self.sock)

    def close(self, graceful: bool = False) -> None:
        """End the connection, with TLS's goodbye where there is time for it; again is harmless."""
        if self.sock.fileno() < 0:
            return
        if graceful and isinstance(self.sock, ssl.SSLSocket):
            # The client may be gone, or may never have come as far as TLS.
            with suppress(OSError, ValueError):
                self.sock.settimeout(_GOODBYE_SECONDS)
                self.sock = self.sock.unwrap()
        super().close(graceful)
