"""Authenticators for the host's tests: users whose credential is their name, and tokens that contain their grants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refusal, Refused
from entrepot_contract.options import DriverOptions
from entrepot_contract.tokens import Authority, TokenAnswer, TokenIssuer, TokenRequest

__all__ = ["Failing", "People", "Tokens"]


class _Authenticator(Authenticator):
    contract: ClassVar[tuple[int, int]] = (1, 0)
    Options: ClassVar[type[DriverOptions]] = DriverOptions

    def __init__(self, options: DriverOptions | None = None) -> None:
        self.closed = 0

    def user(self, name: str) -> Identity | None:
        return None

    def close(self) -> None:
        self.closed += 1


class People(_Authenticator):
    """``Name alice`` authenticates alice; there is no user mallory."""

    name: ClassVar[str] = "people"

    def authenticate(self, presented: Presented) -> Identity | None:
        scheme, _, who = (presented.authorization or "").partition(" ")
        if scheme != "Name":
            return None
        if who == "mallory":
            raise Refused("no such user")
        return self.user(who)

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        return 'Name realm="people"'

    def user(self, name: str) -> Identity | None:
        return Identity(name, frozenset({"devs"}) if name == "alice" else frozenset())


class Tokens(_Authenticator, TokenIssuer):
    """``Bearer repository:a:pull ...`` grants what it lists; ``repository:a:!`` was requested and refused."""

    name: ClassVar[str] = "tokens"
    issues = True

    def authenticate(self, presented: Presented) -> Identity | None:
        scheme, _, token = (presented.authorization or "").partition(" ")
        if scheme != "Bearer":
            return None
        parts = [entry.split(":") for entry in token.split()]
        if any(len(part) != 3 for part in parts):
            raise Refused("the token cannot be read")
        refused = frozenset((kind, name) for kind, name, action in parts if action == "!")
        grants = frozenset(Access(*part) for part in parts if part[2] != "!")
        return Identity("robot", grants=grants, refused=refused)

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        scope = " ".join(f"{one.kind}:{one.name}:{one.action}" for one in wanted)
        return f'Bearer realm="{presented.base_url}auth/token",scope="{scope}",error="{refusal}"'

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        try:
            identity = authority.authenticate(request.presented)
        except Refused:
            return TokenAnswer(401, {"errors": []})
        allowed = authority.allowed(identity, [Access("repository", "a", action) for action in ("pull", "push")])
        return TokenAnswer(
            200,
            {
                "method": request.method,
                "who": identity.name if identity else "",
                "parameters": {name: list(values) for name, values in request.parameters.items()},
                "allowed": sorted(one.action for one in allowed),
            },
            {"X-Of-The-Issuer": "yes"},
        )


class Failing(_Authenticator):
    """Raises the given error, with the credential in its message."""

    name: ClassVar[str] = "failing"

    def __init__(self, error: Callable[[str], Exception] = RuntimeError) -> None:
        super().__init__()
        self._error = error

    def authenticate(self, presented: Presented) -> Identity | None:
        raise self._error(f"cannot read {presented.authorization}")

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        raise self._error(f"cannot read {presented.authorization}")
