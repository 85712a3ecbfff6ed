"""A small, correct authenticator, and one that issues tokens: the base classes of the broken ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from pydantic import SecretStr

from entrepot_contract import ConfigError, DriverOptions
from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refusal, Refused
from entrepot_contract.testing import basic
from entrepot_contract.tokens import TOKEN_PATH, Authority, TokenAnswer, TokenIssuer, TokenRequest
from entrepot_contract.toolkit.reloading import FreshFiles

LONGEST = 16 * 2**10
ROUNDS = 5000
USERS = {"alice": ["wonderland-1", "Cheshire Cat: j\u00fcrgen"], "bertram": ["looking-glass-2"]}
log = logging.getLogger("honest")


class BasicOptions(DriverOptions):
    """A JSON file of users and passwords."""

    path: str
    realm: str = "kit"


class HonestBasic(Authenticator):
    """Users with Basic credentials."""

    name: ClassVar[str] = "honest-basic"
    contract: ClassVar[tuple[int, int]] = (1, 0)
    Options: ClassVar[type[DriverOptions]] = BasicOptions
    scheme: ClassVar[str] = "basic"

    def __init__(self, options: DriverOptions) -> None:
        assert isinstance(options, BasicOptions)
        self.options = options
        try:
            self.file = FreshFiles([options.path], lambda contents: self.read(contents[0]), seconds=0.1)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{options.path} is not a file of users", driver=self.name, operation="configure"
            ) from error

    def read(self, content: bytes) -> Mapping[str, Sequence[str]]:
        """Return the digests of the passwords of each user."""
        words: dict[str, list[str]] = json.loads(content)
        return {user: [self.digest(user, word) for word in its] for user, its in words.items()}

    @property
    def users(self) -> Mapping[str, Sequence[str]]:
        return self.file.value()

    def digest(self, user: str, password: str) -> str:
        # PBKDF2 itself ignores NULs at the end of a password.
        word = hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()
        return hashlib.pbkdf2_hmac("sha256", word, user.encode("utf-8", "surrogatepass"), ROUNDS).hex()

    def parameter(self, presented: Presented) -> str | None:
        """Return the parameter after the scheme, or None for another scheme."""
        scheme, _, parameter = (presented.authorization or "").partition(" ")
        if scheme.lower() != self.scheme:
            return None
        if len(parameter) > LONGEST:
            raise Refused("the credential is too long")
        return parameter.strip(" ")

    def authenticate(self, presented: Presented) -> Identity | None:
        parameter = self.parameter(presented)
        return None if parameter is None else self.check(*self.decode(parameter))

    def decode(self, parameter: str) -> tuple[str, str]:
        try:
            user, colon, password = base64.b64decode(parameter, validate=True).decode().partition(":")
        except ValueError:
            raise Refused("the credential is not base64 of UTF-8") from None
        if not colon:
            raise Refused("the credential has no colon")
        return user, password

    def check(self, user: str, password: str) -> Identity:
        log.debug("checking a user")
        digest = self.digest(user, password)
        if not any(hmac.compare_digest(each, digest) for each in self.users.get(user, [""])):
            raise Refused("wrong user name or password")
        found = self.user(user)
        assert found is not None
        return found

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        return f'Basic realm="{self.options.realm}"'

    def user(self, name: str) -> Identity | None:
        if name not in self.users:
            return None
        return Identity(name, groups=frozenset({"readers"}), stamp=self.stamp(self.users[name]))

    def stamp(self, digests: Sequence[str]) -> str:
        return hashlib.sha256(" ".join(digests).encode()).hexdigest()[:8]

    def close(self) -> None:
        return None


class IssuerOptions(DriverOptions):
    """A key, and whether to issue tokens."""

    key: SecretStr
    issuing: bool = True
    service: str = "kit.example"


class HonestIssuer(Authenticator, TokenIssuer):
    """Bearer tokens, signed with one key."""

    name: ClassVar[str] = "honest-issuer"
    contract: ClassVar[tuple[int, int]] = (1, 0)
    Options: ClassVar[type[DriverOptions]] = IssuerOptions
    seconds: ClassVar[int] = 300

    def __init__(self, options: DriverOptions) -> None:
        assert isinstance(options, IssuerOptions)
        self.options = options

    @property
    def issues(self) -> bool:
        return self.options.issuing

    def signature(self, text: str) -> str:
        key = self.options.key.get_secret_value().encode()
        return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def sign(self, claims: Mapping[str, object]) -> str:
        text = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return f"{text}.{self.signature(text)}"

    def verify(self, token: str, kind: str) -> dict[str, object]:
        if len(token) > LONGEST:
            raise Refused("the token is too long")
        text, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode("utf-8", "surrogatepass"), self.signature(text).encode()):
            raise Refused("the signature is wrong")
        claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if claims["kind"] != kind:
            raise Refused("the token is of another kind")
        return claims

    def authenticate(self, presented: Presented) -> Identity | None:
        scheme, _, token = (presented.authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        claims = self.verify(token.strip(" "), "access")
        expires = claims["exp"]
        assert isinstance(expires, int)
        if expires < time.time():
            raise Refused("the token has expired")
        grants = claims["grants"]
        assert isinstance(grants, list)
        return Identity(
            str(claims["sub"]),
            grants=frozenset(Access(*grant) for grant in grants),
            expires=datetime.fromtimestamp(expires, UTC),
        )

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        base = quote(presented.base_url.encode("utf-8", "replace"), safe=":/[]?&=%")
        scopes = " ".join(f"{_plain(access.kind)}:{_plain(access.name)}:{_plain(access.action)}" for access in wanted)
        scope = f',scope="{scopes}"' if scopes else ""
        error = {"invalid": ',error="invalid_token"', "insufficient": ',error="insufficient_scope"', None: ""}[refusal]
        return f'Bearer realm="{base}{TOKEN_PATH}",service="{self.options.service}"{scope}{error}'

    def user(self, name: str) -> Identity | None:
        return None

    def close(self) -> None:
        return None

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        one = {name: values[0] for name, values in request.parameters.items() if values}
        if one.get("service", self.options.service) != self.options.service:
            return TokenAnswer(400, {"error": "invalid_request"})
        try:
            if request.method == "GET":
                return self.grant(request, authority, authority.authenticate(request.presented), False)
            return self.post(request, authority, one)
        except Refused:
            return TokenAnswer(401, {"error": "invalid_grant"})

    def post(self, request: TokenRequest, authority: Authority, one: Mapping[str, str]) -> TokenAnswer:
        if one.get("grant_type") == "password" and "username" in one and "password" in one:
            if ":" in one["username"] or not f"{one['username']}{one['password']}".isascii():
                raise Refused("no such user")
            who = authority.authenticate(basic(one["username"], one["password"]))
            return self.grant(request, authority, who, one.get("access_type") == "offline")
        if one.get("grant_type") == "refresh_token" and "refresh_token" in one:
            claims = self.verify(one["refresh_token"], "refresh")
            return self.grant(request, authority, self.still(authority, claims), False)
        return TokenAnswer(400, {"error": "invalid_request"})

    def still(self, authority: Authority, claims: Mapping[str, object]) -> Identity:
        user = authority.user(str(claims["sub"]))
        if user is None or user.stamp != claims["stamp"]:
            raise Refused("the user has changed")
        return user

    def grant(self, request: TokenRequest, authority: Authority, who: Identity | None, offline: bool) -> TokenAnswer:
        wanted = [
            Access(kind, name, action)
            for text in request.parameters.get("scope", [])
            for scope in text.split()
            if scope.count(":") == 2
            for kind, name, actions in [scope.split(":")]
            for action in actions.split(",")
        ]
        granted = sorted(self.granted(authority, who, wanted))
        name = who.name if who is not None else ""
        grants = [[access.kind, access.name, access.action] for access in granted]
        claims = {"kind": "access", "sub": name, "grants": grants, "exp": int(time.time()) + self.seconds}
        token = self.sign(claims)
        content: dict[str, object] = {"token": token, "access_token": token, "expires_in": 300}
        content["scope"] = " ".join(f"{access.kind}:{access.name}:{access.action}" for access in granted)
        if offline and who is not None:
            content["refresh_token"] = self.sign({"kind": "refresh", "sub": name, "stamp": who.stamp})
        return TokenAnswer(200, content)

    def granted(self, authority: Authority, who: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        return authority.allowed(who, wanted)


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isascii() and letter.isprintable() and letter not in '"\\ ')


def basic_config(folder: Path, users: Mapping[str, Sequence[str]] = USERS) -> dict[str, object]:
    """Return the options of the authenticator for Basic credentials, with a file of users and their passwords."""
    path = folder / "users.json"
    new = path.with_suffix(".new")
    new.write_text(json.dumps(users))
    new.replace(path)
    return {"path": str(path)}


def issuer_config() -> dict[str, object]:
    """Return the options of the issuer."""
    return {"key": "kit-key-of-the-honest-issuer"}
