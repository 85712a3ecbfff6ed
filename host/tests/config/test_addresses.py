"""Addresses in Go's form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.addresses import Address, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (":5000", "", 5000),
        ("localhost:0", "localhost", 0),
        ("[::1]:5000", "::1", 5000),
        ("10.0.0.1:80", "10.0.0.1", 80),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    assert parse_address(text) == Address(host, port)


@pytest.mark.parametrize("text", ["", "5000", "host", "host:", "::1:5000", "[::1]", "host:65536", "host:-1", "a:٣", 5])
def test_an_invalid_address_is_rejected(text: object) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        parse_address(text)


@given(st.ip_addresses(), st.integers(0, 65535))
def test_an_address_reads_what_it_writes(host: object, port: int) -> None:
    address = Address(str(host), port)
    assert parse_address(str(address)) == address
