"""An HTTP proxy on 127.0.0.1 through which clients reach the test servers by names that are not in the DNS."""

from __future__ import annotations

import socket
from collections.abc import Collection
from contextlib import suppress
from socketserver import StreamRequestHandler
from threading import Thread

from support.services.network import HOST
from support.services.threaded import ThreadedServer

__all__ = ["Tunnel"]


class Tunnel(ThreadedServer):
    """Forward ``CONNECT NAME:PORT`` (RFC 9110, 9.3.6) to 127.0.0.1:PORT while the context is open, and nothing else.

    TLS is forwarded unchanged. The Docker engine never verifies a server on 127.0.0.0/8, whatever its name, but
    verifies a
    name that only the proxy knows. ``env`` contains the variables that make a client use the proxy.
    """

    def __init__(self, names: Collection[str]) -> None:
        super().__init__((HOST, 0), _Connect)
        self.names = names
        self.url = f"http://{HOST}:{self.server_address[1]}"
        self.env = {"HTTPS_PROXY": self.url, "NO_PROXY": HOST}


class _Connect(StreamRequestHandler):
    """A client connection."""

    server: Tunnel

    def handle(self) -> None:
        """Read the request and forward bytes until both sides have closed."""
        method, _, rest = self.rfile.readline().decode("latin-1").partition(" ")
        name, _, port = rest.partition(" ")[0].partition(":")
        while self.rfile.readline().strip():
            pass
        if method != "CONNECT" or name not in self.server.names or not port.isdigit():
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection((HOST, int(port))) as target:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = Thread(target=_pass_on, args=(target, self.connection), name="tunnel", daemon=True)
            back.start()
            # A client starts TLS only after the response, so rfile has no buffered bytes.
            _pass_on(self.connection, target)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(ConnectionError):
        while data := source.recv(2**16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
