"""Client addresses, also behind proxies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

__all__ = ["ClientAddresses"]

Network = IPv4Network | IPv6Network

_MAX_CHARACTERS: Final = 64
"""Maximum length of an address with its zone and surrounding spaces."""


class ClientAddresses:
    """Trusts headers like X-Forwarded-For only from the configured proxies."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._is_trusted = lru_cache(maxsize=4096)(self._look_up)

    def trusts(self, peer: str) -> bool:
        """Returns whether a peer's forwarding headers are trusted; always True if no proxy is configured."""
        return not self._trusted or self._is_trusted(peer)

    def of(self, peer: str, forwarded_for: str | None) -> str:
        """Returns the client address of a request.

        Each proxy appends the address of its peer. Read from the right, the first address that is not a trusted proxy
        is the last one that a trusted proxy has seen.
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
    # Limited before caching, as the zone of an IPv6 address may have any length.
    if len(text) > _MAX_CHARACTERS:
        return None
    try:
        return ip_address(text.strip())
    except ValueError:
        return None
