"""Client connections."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Final

from gunicorn import http, sock
from gunicorn.workers.gthread import TConn

from entrepot_server_gunicorn.input import TimedUnreader

__all__ = ["Connection"]

_UNWRAP_SECONDS: Final = 2.0


class Connection(TConn):
    """gunicorn's connection with a timeout for stalled clients."""

    stall_timeout: float
    """Seconds that a client may keep a thread waiting in the handshake, or for one chunk of a body or response."""

    def init(self) -> None:
        """Perform the TLS handshake once. Called in a thread before each request."""
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
        """Close the connection, with a TLS close_notify if ``graceful``. Idempotent."""
        if self.sock.fileno() < 0:
            return
        if graceful and isinstance(self.sock, ssl.SSLSocket):
            # The client may have disconnected, or never have completed the handshake.
            with suppress(OSError, ValueError):
                self.sock.settimeout(_UNWRAP_SECONDS)
                self.sock = self.sock.unwrap()
        super().close(graceful)
