"""Addresses that refuse connections or never respond."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from entrepot_contract.testing.weather.proxy import Address

__all__ = ["refusing", "silent"]


@contextmanager
def refusing(endpoint: Address) -> Iterator[Address]:
    """Provide a loopback address, of the endpoint's family, that refuses connections."""
    with _bound(endpoint) as bound:
        yield bound.getsockname()[:2]


@contextmanager
def silent(endpoint: Address) -> Iterator[Address]:
    """Provide a loopback address, of the endpoint's family, where connections are accepted and never answered."""
    with _bound(endpoint) as bound:
        bound.listen(128)
        yield bound.getsockname()[:2]


def _bound(endpoint: Address) -> socket.socket:
    family = socket.getaddrinfo(*endpoint, type=socket.SOCK_STREAM)[0][0]
    made = socket.socket(family, socket.SOCK_STREAM)
    made.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    return made
