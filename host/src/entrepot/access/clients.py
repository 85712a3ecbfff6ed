"""The address of the client, behind proxies too."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

__all__ = ["ClientAddresses"]

Network = IPv4Network | IPv6Network

_MOST_CHARACTERS: Final = 64
"""Of an address with its zone, and the blanks around it."""


class ClientAddresses:
    """Believes headers like X-Forwarded-For only from the proxies that the configuration names."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._is_trusted = lru_cache(maxsize=4096)(self._look_up)

    def trusts(self, peer: str) -> bool:
        """Whether headers in which proxies tell of a request are believed; from everybody where none is named."""
        return not self._trusted or self._is_trusted(peer)

    def of(self, peer: str, forwarded_for: str | None) -> str:
        """The address that a request comes from.

        Each proxy appends the address that it was asked from: read from the right, the first that is no trusted proxy
        is the last that anybody trusted saw.
        """
        address = peer
        if not self._trusted or forwarded_for is None:
            return address
        for entry in reversed(forwarded_for.split(",")):
            if not self._is_trusted(address):
                return address
            if _parse(entry) is None:
                return address
            address = entry.strip()
        return address

    def _look_up(self, text: str) -> bool:
        address = _parse(text)
        return address is not None and any(address in network for network in self._trusted)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    # The zone of an IPv6 address has no bound of its own, and what is looked up is remembered.
    if len(text) > _MOST_CHARACTERS:
        return None
    try:
        return ip_address(text.strip())
    except ValueError:
        return None
