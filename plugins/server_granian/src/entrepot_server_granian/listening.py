"""One listening socket for all workers."""

from __future__ import annotations

import socket

from granian._granian import SocketHolder
from granian.server.mp import MPServer

__all__ = ["SharedSocketServer", "listen"]


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """A listening socket; an empty host is every interface, with IPv4 and IPv6 where the machine has both.

    Raises OSError where the address cannot be bound.
    """
    if not host and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, backlog=backlog, dualstack_ipv6=True)
    family = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0][0]  # noqa: S104 - ":5000" says so
    return socket.create_server((host, port), family=family, backlog=backlog)


class SharedSocketServer(MPServer):
    """granian, with one socket that is bound before any worker starts.

    granian on Linux gives each worker a socket of its own on the same port. Then a second server on that port starts
    without an error, port 0 is another port in every worker, and connections that wait for a worker are reset when it
    ends.
    """

    listener: socket.socket

    def _init_shared_socket(self) -> None:
        self.listener.setblocking(False)
        self._ssp = None
        self._sso = None
        # granian's own types know neither the arguments nor that the attribute is ever set.
        self._shd = SocketHolder(self.listener.fileno(), False, self.backlog)  # type: ignore[assignment, call-arg]

    def _drop_shared_socket(self) -> None:
        # Before the workers are stopped: a connection that none of them would take is refused, not left waiting.
        self.listener.close()
