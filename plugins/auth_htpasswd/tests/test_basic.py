"""Parsing of Basic credentials (RFC 7617)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot_auth_htpasswd.basic import MAX_HEADER, BasicCredential, basic_credential
from entrepot_contract.auth import Refused

CONTROL = [*range(0x20), 0x7F]
NAMES = st.text(st.characters(codec="utf-8", exclude_characters=":" + "".join(map(chr, CONTROL))), max_size=40)
PASSWORDS = st.lists(st.sampled_from([byte for byte in range(256) if byte not in CONTROL]), max_size=90).map(bytes)
SCHEMES = st.sampled_from(["Basic ", "basic ", "BASIC ", "bAsIc   "])


def encoded(decoded: bytes) -> str:
    return base64.b64encode(decoded).decode()


@given(SCHEMES, NAMES, PASSWORDS)
def test_a_name_and_a_password_round_trip(scheme: str, name: str, password: bytes) -> None:
    header = scheme + encoded(name.encode() + b":" + password)
    assert basic_credential(header) == BasicCredential(name, password)


@given(st.text(), st.booleans())
def test_any_header_is_none_or_a_credential_or_refused_without_leaking_it(text: str, basic: bool) -> None:
    header = f"Basic {text}" if basic else text
    message = ""
    credential = None
    try:
        credential = basic_credential(header)
    except Refused as refused:
        message = str(refused)
    assert len(text) < 8 or text not in message
    assert credential is None or credential.name.encode() in base64.b64decode(header[6:])


@pytest.mark.parametrize("header", [None, "", "Bearer abc", "Basically YTpi", "Digest username=a", " Basic YTpi"])
def test_another_scheme_is_ignored(header: str | None) -> None:
    assert basic_credential(header) is None


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("Basic", "colon"),
        ("Basic ", "colon"),
        ("Basic !!!!", "not base64"),
        ("Basic YTpiYw", "not base64"),
        ("Basic YTpi\nYTpi", "not base64"),
        ("Basic YTpi YTpi", "not base64"),
        ("Basic YTp\N{LATIN SMALL LETTER U WITH DIAERESIS}", "not base64"),
        (f"Basic {encoded(b'alice')}", "colon"),
        (f"Basic {encoded(b'alice:sec' + bytes(1) + b'ret')}", "control"),
        (f"Basic {encoded(b'al' + bytes(1) + b'ice:secret')}", "control"),
        (f"Basic {encoded(b'alice:secret' + bytes([127]))}", "control"),
        (f"Basic {encoded('jürgen:secret'.encode('latin-1'))}", "UTF-8"),
        (f"Basic {encoded(b'a:' + b'x' * MAX_HEADER)}", "longer than 16384"),
        (f"Basic {encoded(b'a:' + b'x' * 10_000_000)}", "longer than 16384"),
    ],
)
def test_a_malformed_credential_is_refused(header: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as caught:
        basic_credential(header)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_password_begins_after_the_first_colon() -> None:
    assert basic_credential(f"Basic {encoded(b'alice:a:b:')}") == BasicCredential("alice", b"a:b:")


def test_the_repr_does_not_contain_the_credential() -> None:
    assert repr(BasicCredential("alice", b"open sesame")) == "BasicCredential()"
