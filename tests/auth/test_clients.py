"""Every client logs in, pushes, pulls and logs out, with every setup, over TLS with a private CA."""

from __future__ import annotations

import base64
import re
from typing import Final

import pytest
from support.client import ClientError

from .accounts import Account, Docker
from .conftest import ISSUING, OPEN, SITES, Site
from .setups import PASSWORD, USER

REFUSED: Final = re.compile(
    "(?i)unauthorized|authentication required|invalid username/password|no basic auth|access to the resource is denied"
)


def test_push_and_pull_require_a_login(account: Account, site: Site, repository: str) -> None:
    image = f"{site.address}/{repository}:v1"
    built = account.build(image)
    with pytest.raises(ClientError, match=REFUSED):
        account.push(image)

    account.login(site.address, USER, PASSWORD)
    account.push(image)
    assert account.pull(image) == built

    account.logout(site.address)
    with pytest.raises(ClientError, match=REFUSED):
        account.push(image)
    if site.setup.anonymous_pulls:
        assert account.pull(image) == built
    else:
        with pytest.raises(ClientError, match=REFUSED):
            account.pull(image)


@pytest.mark.parametrize("each_site", [("entrepot", OPEN)], indirect=True, ids="-".join)
def test_anonymous_pull_with_password_protected_push(account: Account, site: Site, repository: str) -> None:
    image = f"{site.address}/{repository}:v1"
    built = account.build(image)
    with pytest.raises(ClientError, match=REFUSED):
        account.push(image)
    account.login(site.address, USER, PASSWORD)
    account.push(image)
    account.logout(site.address)

    with pytest.raises(ClientError, match=REFUSED):
        account.push(image)
    if isinstance(account, Docker):
        # The engine only reads the challenge of /v2/, and fails if that is Basic and it has no password.
        with pytest.raises(ClientError, match="no basic auth credentials"):
            account.pull(image)
        return
    for _ in range(8):  # each makes at least three requests, and twenty failed logins lock an address out
        assert account.pull(image) == built
    account.login(site.address, USER, PASSWORD)
    account.push(image)


def test_login_with_a_wrong_password_fails(account: Account, site: Site) -> None:
    for user, password in ((USER, PASSWORD[:-1]), ("unknown", PASSWORD)):
        with pytest.raises(ClientError, match=REFUSED):
            account.login(site.address, user, password)


@pytest.mark.parametrize("account", ["docker"], indirect=True)
@pytest.mark.parametrize("each_site", ISSUING, indirect=True, ids="-".join)
def test_docker_stores_a_refresh_token_instead_of_a_password(account: Docker, site: Site, repository: str) -> None:
    account.login(site.address, USER, PASSWORD)

    kept = account.saved(site.address)
    assert kept["identitytoken"]
    assert PASSWORD.encode() not in base64.b64decode(kept["auth"])
    image = f"{site.address}/{repository}:v1"
    account.build(image)
    account.push(image)


@pytest.mark.parametrize("each_site", SITES[-1:], indirect=True, ids="-".join)
def test_login_fails_if_the_certificate_does_not_match_the_name(account: Account, site: Site) -> None:
    with pytest.raises(ClientError, match=r"x509: certificate is valid for .*not other\.test"):
        account.login(site.other, USER, PASSWORD)
