"""The socket that a server accepts connections on."""

from __future__ import annotations

import socket

__all__ = ["listen"]


def listen(host: str, port: int, backlog: int = 1024) -> socket.socket:
    """A listening socket; an empty host is every interface, with IPv4 and IPv6 where the machine has both.

    Raises OSError where the address cannot be bound.
    """
    if not host and socket.has_dualstack_ipv6():
        listener = socket.create_server(("", port), family=socket.AF_INET6, backlog=backlog, dualstack_ipv6=True)
    else:
        family = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0][0]  # noqa: S104 - ":5000"
        listener = socket.create_server((host, port), family=family, backlog=backlog)
    # Connections inherit it. A client that vanished in mid-body would keep its request waiting for ever.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", 60),
        ("TCP_KEEPINTVL", 15),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", 120_000),
    ):
        if hasattr(socket, option):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return listener
