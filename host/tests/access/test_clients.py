"""The client's address, behind proxies and with forged headers."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from entrepot.access import ClientAddresses

CLIENTS = ClientAddresses([ip_network("10.0.0.0/8"), ip_network("::1/128")])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7, 10.1.1.1", "192.0.2.7"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.9", "6.6.6.6", "192.0.2.9"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.7, nonsense, 10.1.1.1", "10.1.1.1"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2"),
        ("", "192.0.2.7", ""),
    ],
)
def test_the_last_address_seen_by_a_trusted_proxy_is_used(peer: str, forwarded: str | None, address: str) -> None:
    assert CLIENTS.of(peer, forwarded) == address


def test_forwarded_addresses_are_ignored_without_trusted_proxies() -> None:
    assert ClientAddresses([]).of("10.0.0.1", "192.0.2.7") == "10.0.0.1"
