"""Whose certificate a client has, as the application is told."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from services.certificates import CertificateAuthority
from tls.secured import Secured

from entrepot_contract.server import CLIENT_CERTIFICATE


@pytest.fixture
def secured(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Secured]:
    """gunicorn, which requires certificates only where a test says so."""
    with Secured("gunicorn", tmp_path, users=True, client_required=getattr(request, "param", False)) as secured:
        yield secured


required = pytest.mark.parametrize("secured", [True], indirect=True)


def test_a_user_is_told_by_its_common_name_and_its_units(secured: Secured) -> None:
    user = secured.authority.client("alice", units=["developers", "admins"])
    whose = secured.get("/whose", secured.trust(user)).json()
    assert whose == {"common_name": "alice", "units": ["developers", "admins"]}


def test_nobody_is_told_without_a_certificate(secured: Secured) -> None:
    assert secured.get("/whose").json() is None


def test_no_header_makes_a_user(secured: Secured) -> None:
    spellings = [CLIENT_CERTIFICATE, CLIENT_CERTIFICATE.upper(), CLIENT_CERTIFICATE.replace(".", "_")]
    fields = [f"{spelling}: mallory".encode() for spelling in spellings]
    assert secured.get("/whose", None, *fields).json() is None


@required
def test_who_has_none_is_refused_where_it_is_required(secured: Secured) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
        secured.get("/whose")
    user = secured.authority.client("alice")
    assert secured.get("/whose", secured.trust(user)).json() == {"common_name": "alice", "units": []}


@pytest.mark.parametrize("secured", [False, True], indirect=True)
def test_a_certificate_that_another_authority_signed_is_refused(secured: Secured, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = CertificateAuthority(tmp_path / "other").client("alice")
    with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
        secured.get("/whose", secured.trust(stranger))


@required
def test_the_certificate_of_a_server_is_none_of_a_user(secured: Secured) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
        secured.get("/whose", secured.trust(secured.authority.server("alice")))
