"""A fake Authority with users and rules of the kit, and a client that requests tokens from an issuer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refused
from entrepot_contract.testing.auth.credentials import basic, bearer, decoded, raw
from entrepot_contract.testing.auth.grammar import parse_challenge
from entrepot_contract.tokens import Authority, TokenAnswer, TokenIssuer, TokenRequest

__all__ = ["PASSWORD", "USER", "WANTED", "KitAuthority", "ask", "client_of", "new_token", "token_of"]

USER: Final = "kit-user-52d9"
PASSWORD: Final = "kit-password-e7a1"  # noqa: S105 - of a user that exists only in the kit
WANTED: Final = (
    Access("repository", "kit/private", "pull"),
    Access("repository", "kit/private", "push"),
    Access("repository", "kit/public", "pull"),
    Access("registry", "catalog", "*"),
)


class KitAuthority(Authority):
    """One user, who may push to one repository; anonymous clients may pull from another."""

    def __init__(self) -> None:
        self.users = {USER: Identity(USER, groups=frozenset({"kit-group"}), stamp="kit-stamp-1")}
        self.rules: dict[str | None, frozenset[Access]] = {
            USER: frozenset(WANTED[:3]),
            None: frozenset(WANTED[2:3]),
        }

    def authenticate(self, presented: Presented) -> Identity | None:
        """Return the kit's user for Basic credentials."""
        if presented.authorization is None:
            return None
        if decoded(presented) != (USER, PASSWORD) or USER not in self.users:
            raise Refused("the kit knows no such user with this password")
        return self.users[USER]

    def user(self, name: str) -> Identity | None:
        """Return the kit's user, unless a test has removed it."""
        return self.users.get(name)

    def allowed(self, identity: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        """Return those of the wanted accesses that the rules allow."""
        return self.rules.get(identity.name if identity is not None else None, frozenset()).intersection(wanted)


def client_of(authenticator: Authenticator, wanted: Sequence[Access]) -> dict[str, Sequence[str]]:
    """Return the parameters of GET, derived from the challenge as a client does."""
    text = authenticator.challenge(raw(None), wanted, None)
    assert text is not None, "an issuer must send a challenge with its address"
    challenge = parse_challenge(text)
    assert challenge.scheme.lower() == "bearer"
    assert challenge.parameters["realm"], "the realm must be the URL of the token endpoint"
    scopes = challenge.parameters.get("scope", "").split()
    return {"service": [challenge.parameters["service"]], "client_id": ["kit"], **({"scope": scopes} if scopes else {})}


def ask(
    issuer: TokenIssuer,
    authority: Authority,
    method: Literal["GET", "POST"],
    parameters: Mapping[str, Sequence[str]],
    presented: Presented | None = None,
) -> TokenAnswer:
    """Return the response of the endpoint after checking that it is well formed."""
    answer = issuer.issue(TokenRequest(method, parameters, presented or raw(None)), authority)
    assert type(answer) is TokenAnswer
    assert 200 <= answer.status < 500, f"unexpected status {answer.status}"
    assert json.loads(json.dumps(answer.content)) == answer.content, "the content must be a JSON object"
    for name, value in answer.headers.items():
        assert f"{name}{value}".isascii(), f"the header {name!r} is not ASCII"
        assert f"{name}{value}".isprintable(), f"the header {name!r} is not a single line"
    return answer


def token_of(answer: TokenAnswer) -> str:
    """Return the bearer token of a successful response, under either name (token.md, "Token Response Fields")."""
    assert answer.status == 200, f"{answer.status} {answer.content.get('error')}"
    token = answer.content.get("token", answer.content.get("access_token"))
    assert isinstance(token, str)
    assert token == answer.content.get("access_token", token), (
        "token and access_token must be equal if both are present"
    )
    return token


def new_token(authenticator: Authenticator, issuer: TokenIssuer, authority: Authority) -> tuple[Presented, str]:
    """Return a token for the kit's user, as a credential, and the user's name."""
    parameters = {**client_of(authenticator, WANTED), "account": [USER]}
    answer = ask(issuer, authority, "GET", parameters, basic(USER, PASSWORD))
    return bearer(token_of(answer)), USER
