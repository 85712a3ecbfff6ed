"""Each client logs in, pushes, pulls and logs out, in every set-up, over TLS with a private authority."""

from __future__ import annotations

import base64
import re
from typing import Final

import pytest
from services.client import ClientError

from .accounts import Account, Docker
from .conftest import ISSUING, OPEN, SITES, Site
from .setups import PASSWORD, USER

REFUSED: Final = re.compile(
    "(?i)unauthorized|authentication required|invalid username/password|no basic auth|access to the resource is denied"
)


def test_who_is_logged_in_pushes_and_pulls_and_who_is_not_does_neither(
    account: Account, site: Site, repository: str
) -> None:
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
    if site.setup.anybody_pulls:
        assert account.pull(image) == built
    else:
        with pytest.raises(ClientError, match=REFUSED):
            account.pull(image)


@pytest.mark.parametrize("each_site", [("entrepot", OPEN)], indirect=True, ids="-".join)
def test_anybody_pulls_beside_pushes_with_a_password(account: Account, site: Site, repository: str) -> None:
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
        # Its engine reads the challenge of /v2/ alone, and gives up at Basic where it has no password.
        with pytest.raises(ClientError, match="no basic auth credentials"):
            account.pull(image)
        return
    for _ in range(8):  # at least three requests each, and twenty failed logins lock an address out
        assert account.pull(image) == built
    account.login(site.address, USER, PASSWORD)
    account.push(image)


def test_a_wrong_login_fails(account: Account, site: Site) -> None:
    for user, password in ((USER, PASSWORD[:-1]), ("nobody", PASSWORD)):
        with pytest.raises(ClientError, match=REFUSED):
            account.login(site.address, user, password)


@pytest.mark.parametrize("account", ["docker"], indirect=True)
@pytest.mark.parametrize("each_site", ISSUING, indirect=True, ids="-".join)
def test_the_docker_command_keeps_a_refresh_token_and_no_password(account: Docker, site: Site, repository: str) -> None:
    account.login(site.address, USER, PASSWORD)

    kept = account.saved(site.address)
    assert kept["identitytoken"]
    assert PASSWORD.encode() not in base64.b64decode(kept["auth"])
    image = f"{site.address}/{repository}:v1"
    account.build(image)
    account.push(image)


@pytest.mark.parametrize("each_site", SITES[-1:], indirect=True, ids="-".join)
def test_a_registry_by_a_name_that_its_certificate_does_not_hold_gets_no_login(account: Account, site: Site) -> None:
    with pytest.raises(ClientError, match=r"x509: certificate is valid for .*not other\.test"):
        account.login(site.other, USER, PASSWORD)
