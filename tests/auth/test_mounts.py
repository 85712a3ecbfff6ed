"""A mount requires a token for its source as well, and the challenge says so."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

import pytest
from support.content import digest_of

from .conftest import Site
from .setups import PASSWORD, SERVICE, USER


def token(site: Site, *scopes: str) -> dict[str, str]:
    """Return an Authorization header with a token for some scopes."""
    login = {"Authorization": f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"}
    query = "".join(f"&scope={quote(scope)}" for scope in scopes)
    answer = site.registry.wire.request("GET", f"/auth/token?service={SERVICE}{query}", headers=login)
    found = answer.json()
    assert isinstance(found, dict), answer
    return {"Authorization": f"Bearer {found['token']}"}


@pytest.mark.parametrize("each_site", [("entrepot", "issuer")], indirect=True, ids="-".join)
def test_a_mount_succeeds_with_a_token_for_the_challenged_scopes(site: Site, repository: str) -> None:
    blob, source, target = repository.encode(), f"{repository}/source", f"{repository}/target"
    wire, digest = site.registry.wire, digest_of(blob)
    pushing = token(site, f"repository:{source}:pull,push")
    assert wire.request("POST", f"/v2/{source}/blobs/uploads/?digest={digest}", blob, pushing).status == 201
    mount = f"/v2/{target}/blobs/uploads/?mount={digest}&from={source}"
    scope = f"repository:{target}:pull,push"
    for headers in ({}, token(site, scope)):
        answer = wire.request("POST", mount, headers=headers)
        assert answer.status == 401
        assert f'scope="{scope} repository:{source}:pull"' in answer.headers["www-authenticate"]
    assert wire.request("POST", mount, headers=token(site, f"{scope} repository:{source}:pull")).status == 201
    assert wire.request("POST", mount, headers=token(site, scope, f"repository:{source}:delete")).status == 202
