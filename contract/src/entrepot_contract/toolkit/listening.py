"""The listening sockets of a server."""

from __future__ import annotations

import socket
import sys
from typing import Final

__all__ = ["SPREADS", "listen", "listen_for_each"]

SPREADS: Final = sys.platform.startswith("linux")
"""Whether the kernel distributes connections among the sockets that share an address."""


def listen(host: str, port: int, backlog: int = 1024, stall: float = 120) -> socket.socket:
    """Return a listening socket; an empty host means all interfaces, with IPv4 and IPv6 if the machine has both.

    A client that reads none of the data sent to it is disconnected after ``stall`` seconds (Linux 5.11 and newer).

    Raises OSError if the address cannot be bound.
    """
    if not host and socket.has_dualstack_ipv6():
        listener = socket.create_server(("", port), family=socket.AF_INET6, backlog=backlog, dualstack_ipv6=True)
    else:
        family = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0][0]  # noqa: S104 - ":5000"
        listener = socket.create_server((host, port), family=family, backlog=backlog)
    _set_options(listener, stall)
    return listener


def listen_for_each(host: str, port: int, workers: int, backlog: int = 1024, stall: float = 120) -> list[socket.socket]:
    """Return a listening socket for each worker, all on one address: the kernel distributes connections by hash.

    With one shared socket, the worker that wakes up first accepts all waiting connections, and the others stay idle.
    If the kernel does not distribute connections (anywhere but on Linux), the workers share one socket.

    Raises OSError if the address cannot be bound, including when another server already listens on it.
    """
    # Bound without SO_REUSEPORT, so that an address in use is an error; from then on the port is taken.
    first = listen(host, port, backlog, stall)
    if not SPREADS:
        return [first, *(first.dup() for _ in range(workers - 1))]
    sockets: list[socket.socket] = []
    try:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # A socket that was bound to port 0 loses its port when it is shut down, and would listen on another one then.
        sockets = [_listen_beside(first, backlog, stall) for _ in range(workers if port == 0 else workers - 1)]
    finally:
        if port == 0 or len(sockets) < workers - 1:
            first.close()
    return sockets if port == 0 else [first, *sockets]


def _listen_beside(first: socket.socket, backlog: int, stall: float) -> socket.socket:
    listener = socket.socket(first.family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if first.family == socket.AF_INET6:
            both = first.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, both)
        listener.bind(first.getsockname())
        listener.listen(backlog)
        _set_options(listener, stall)
    except OSError:
        listener.close()
        raise
    return listener


def _set_options(listener: socket.socket, stall: float) -> None:
    """Set the socket options that accepted connections inherit."""
    # Response headers and body are two writes, and so are an HTTP/2 window update and the frames after it: without the
    # option, the second write waits until the client has acknowledged the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A client that disappears in the middle of a body, or stops reading, would otherwise block its request forever:
    # TCP_USER_TIMEOUT also applies while the receive window stays closed.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", 60),
        ("TCP_KEEPINTVL", 15),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", round(stall * 1000)),
    ):
        if hasattr(socket, option):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
