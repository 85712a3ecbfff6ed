"""The Bearer challenge."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot_auth_token import TokenAuthenticator
from entrepot_contract.auth import Access, Presented

from .conftest import Keys, Opener
from .foreign import jwk, jwks

PRESENTED = Presented(base_url="https://registry.example:8443/mirror/")
WANTED = [
    Access("repository", "samalba/my-app", "push"),
    Access("repository", "samalba/my-app", "pull"),
    Access("repository", "other", "pull"),
]
# A challenge as clients parse it (RFC 9110, 11.6.1): one scheme, then quoted strings only.
READ = re.compile(r'Bearer realm="([^"\\]*)",service="([^"\\]*)"(?:,scope="([^"\\]*)")?(?:,error="([a-z_]*)")?')


@pytest.fixture
def path(keys: Keys, tmp_path: Path) -> str:
    return str(jwks(tmp_path / "keys.json", jwk(keys.ec, "ec")))


@pytest.fixture
def one(open_one: Opener, path: str) -> TokenAuthenticator:
    return open_one(jwks=path)


def test_a_challenge_equals_that_of_distribution(one: TokenAuthenticator) -> None:
    begin = 'Bearer realm="https://tokens.example/token",service="registry.example"'
    scope = 'scope="repository:samalba/my-app:pull,push repository:other:pull"'
    assert one.challenge(PRESENTED, [], None) == begin
    assert one.challenge(PRESENTED, WANTED, None) == f"{begin},{scope}"
    assert one.challenge(PRESENTED, [], "invalid") == f'{begin},error="invalid_token"'
    assert one.challenge(PRESENTED, WANTED, "insufficient") == f'{begin},{scope},error="insufficient_scope"'
    assert one.challenge(PRESENTED, [Access("registry", "catalog", "*")], None) == f'{begin},scope="registry:catalog:*"'


def test_autoredirect_uses_the_host_of_the_request(open_one: Opener, path: str) -> None:
    one = open_one(jwks=path, autoredirect=True)
    assert str(one.challenge(PRESENTED, [], None)).startswith(
        'Bearer realm="https://registry.example:8443/auth/token",'
    )
    other = open_one(jwks=path, autoredirect=True, autoredirectpath="/issue/")
    assert str(other.challenge(PRESENTED, [], None)).startswith('Bearer realm="https://registry.example:8443/issue/",')


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    host=st.text(max_size=30),
    wanted=st.lists(st.builds(Access, st.text(max_size=9), st.text(max_size=20), st.text(max_size=9)), max_size=4),
)
def test_no_request_value_escapes_the_quoted_strings(one: TokenAuthenticator, host: str, wanted: list[Access]) -> None:
    redirecting = TokenAuthenticator(one._options.model_copy(update={"autoredirect": True}))
    for authenticator in (one, redirecting):
        challenge = str(authenticator.challenge(Presented(base_url=f"https://{host}/"), wanted, "invalid"))
        found = READ.fullmatch(challenge)
        assert found is not None
        assert found[4] == "invalid_token"
        assert challenge.isascii()
        assert challenge.isprintable()
    redirecting.close()
