"""The socket that a server accepts connections on."""

from __future__ import annotations

import socket

__all__ = ["listen"]


def listen(host: str, port: int, backlog: int = 1024) -> socket.socket:
    """A listening socket; an empty host is every interface, with IPv4 and IPv6 where the machine has both.

    Raises OSError where the address cannot be bound.
    """
    if not host and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, backlog=backlog, dualstack_ipv6=True)
    family = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0][0]  # noqa: S104 - ":5000" says so
    return socket.create_server((host, port), family=family, backlog=backlog)
