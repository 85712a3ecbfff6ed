"""Client certificates that identify no user, in addition to the tests of the kit."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.certificates import CertificateAuthority
from tls.secured import Secured

from entrepot_contract.server import CLIENT_CERTIFICATE


@pytest.fixture
def secured(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Secured]:
    """gunicorn, which requires client certificates only in tests that configure it."""
    with Secured("gunicorn", tmp_path, users=True, client_required=getattr(request, "param", False)) as secured:
        yield secured


required = pytest.mark.parametrize("secured", [True], indirect=True)


def test_a_user_without_units_has_no_groups(secured: Secured) -> None:
    user = secured.authority.client("alice")
    assert secured.get("/whose", secured.trust(user)).json() == {"common_name": "alice", "units": []}


def test_a_header_cannot_set_the_user(secured: Secured) -> None:
    spellings = [CLIENT_CERTIFICATE, CLIENT_CERTIFICATE.upper(), CLIENT_CERTIFICATE.replace(".", "_")]
    fields = [f"{spelling}: mallory".encode() for spelling in spellings]
    assert secured.get("/whose", None, *fields).json() is None


@pytest.mark.parametrize("secured", [False, True], indirect=True)
def test_a_certificate_of_another_ca_is_rejected(secured: Secured, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    untrusted = CertificateAuthority(tmp_path / "other").client("alice")
    with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
        secured.get("/whose", secured.trust(untrusted))


@required
def test_a_server_certificate_is_not_accepted_from_a_client(secured: Secured) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
        secured.get("/whose", secured.trust(secured.authority.server("alice")))
