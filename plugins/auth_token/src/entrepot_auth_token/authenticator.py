"""The token authenticator."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from entrepot_auth_token.algorithms import MAX_TOKEN, Algorithms
from entrepot_auth_token.bundle import parse_bundle
from entrepot_auth_token.challenge import Challenges
from entrepot_auth_token.claims import check_addressed, check_times, identity_of
from entrepot_auth_token.fetching import FetchedKeys
from entrepot_auth_token.jwks import parse_jwks
from entrepot_auth_token.keyring import KeyRing, Source
from entrepot_auth_token.keys import Trusted
from entrepot_auth_token.options import TokenOptions
from entrepot_auth_token.signatures import JWT, Signatures
from entrepot_auth_token.signing import SigningKeys
from entrepot_auth_token.tokens import Issuer
from entrepot_auth_token.verified import VerifiedTokens
from entrepot_contract import ConfigError, DriverOptions
from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refusal, Refused
from entrepot_contract.tokens import Authority, TokenAnswer, TokenIssuer, TokenRequest
from entrepot_contract.toolkit.reloading import FreshFiles

__all__ = ["TokenAuthenticator"]

NAME: Final = "token"

Value = TypeVar("Value")


class TokenAuthenticator(Authenticator, TokenIssuer):
    """Verifies bearer tokens, and issues them if ``issuer.key`` is configured."""

    name = NAME
    contract = (1, 0)
    Options = TokenOptions

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, TokenOptions):
            raise TypeError(f"TokenAuthenticator takes TokenOptions, not {type(options).__name__}")
        self._options = options
        self._leeway = options.leeway.total_seconds()
        self._clock: Callable[[], float] = time.time
        algorithms = Algorithms(options.algorithms)
        self._signatures = Signatures(algorithms)
        self._verified = VerifiedTokens()
        self._challenges = Challenges(options)
        self._fetched: FetchedKeys | None = None
        self._issuer: Issuer | None = None
        self._ring = KeyRing(self._sources(algorithms))

    def authenticate(self, presented: Presented) -> Identity | None:
        if presented.authorization is None:
            return None
        scheme, _, rest = presented.authorization.strip(" ").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = rest.strip(" ")
        if len(token) > MAX_TOKEN:
            raise Refused(f"the token has more than {MAX_TOKEN} characters")
        trusted, now = self._ring.value(), self._clock()
        return self._verified.get(token, trusted, now) or self._verify(token, now)

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        return self._challenges.word(presented, wanted, refusal)

    def user(self, name: str) -> Identity | None:
        """Return None: users are only known from their tokens."""
        return None

    @property
    def issues(self) -> bool:
        return self._issuer is not None

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        if self._issuer is None:
            raise RuntimeError("cannot issue tokens: auth.token.issuer has no key")
        return self._issuer.issue(request, authority)

    def close(self) -> None:
        if self._fetched is not None:
            self._fetched.close()

    def _verify(self, token: str, now: float) -> Identity:
        claims, trusted = self._signatures.claims(token, self._ring, now, kind=JWT)
        check_addressed(claims, issuer=self._options.issuer.name, audience=self._options.service)
        end = check_times(claims, now, self._leeway)
        identity = identity_of(claims, end)
        self._verified.put(token, trusted, identity, end + self._leeway)
        return identity

    def _sources(self, algorithms: Algorithms) -> list[Source]:
        options = self._options
        sources: list[Source] = []
        if options.rootcertbundle:
            sources.append(_open("rootcertbundle", options.rootcertbundle, _read_bundle))
        if options.jwks_is_url:
            context = _open("jwkscacert", options.jwkscacert, _context) if options.jwkscacert else None
            self._fetched = FetchedKeys(options.jwks, context, options.jwksrefresh.total_seconds())
            sources.append(self._fetched)
        elif options.jwks:
            sources.append(_open("jwks", options.jwks, _read_jwks))
        if options.issuer.key is not None:
            keys = _open("issuer.key", options.issuer.key, lambda path: SigningKeys(path, algorithms))
            # A lambda, because tests replace the clock later.
            self._issuer = Issuer(options, keys, self._signatures, lambda: self._clock())
            sources.append(keys)
        return sources


def _open(option: str, path: str, read: Callable[[str], Value]) -> Value:
    try:
        return read(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"option {option!r}: {path} cannot be used: {reason}"
        raise ConfigError(message, driver=NAME, operation="configure") from error


def _read_bundle(path: str) -> FreshFiles[Trusted]:
    return FreshFiles([path], lambda contents: parse_bundle(contents[0]))


def _read_jwks(path: str) -> FreshFiles[Trusted]:
    return FreshFiles([path], lambda contents: parse_jwks(contents[0], secrets=True))


def _context(path: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=path)
