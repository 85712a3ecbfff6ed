"""Options of the authenticator, named as in Docker Distribution."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from entrepot_contract import DriverOptions
from entrepot_contract.toolkit.durations import Duration

__all__ = ["Algorithm", "IssuerOptions", "TokenOptions"]

Algorithm = Literal[
    "EdDSA",
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "ES256",
    "ES384",
    "ES512",
    "PS256",
    "PS384",
    "PS512",
]

_ALL: Final[tuple[Algorithm, ...]] = get_args(Algorithm)

Quotable = Annotated[str, StringConstraints(pattern=r"^[ !#-\[\]-~]*$", max_length=1024)]
"""Text that needs no escaping in the quoted string of a challenge (RFC 9110, 5.6.4)."""


class IssuerOptions(DriverOptions):
    """``auth.token.issuer``: the issuer whose tokens are accepted, and issued if ``key`` is set."""

    name: str = Field(min_length=1, description="The expected `iss` of every token.")
    key: str | None = Field(
        default=None, min_length=1, description="A PEM file of private keys: the first signs, all verify."
    )
    expires: Duration = Field(default=timedelta(minutes=5), ge=timedelta(seconds=60), le=timedelta(days=1))
    refresh: Duration = Field(default=timedelta(days=30), ge=timedelta(minutes=5), le=timedelta(days=3660))

    @model_validator(mode="after")
    def _times_belong_to_a_key(self) -> Self:
        if self.key is None and self.model_fields_set & {"expires", "refresh"}:
            raise ValueError("expires and refresh apply to issued tokens only: set key too")
        return self


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class TokenOptions(DriverOptions):
    """The ``auth.token`` section of the configuration."""

    service: Quotable = Field(min_length=1, description="The name of this registry; must be in `aud`.")
    issuer: Annotated[IssuerOptions, BeforeValidator(_named)] = Field(description="A name, or {name, key}.")
    realm: Quotable = Field(default="", description="The URL of the token server, as seen by clients.")
    autoredirect: bool = Field(default=False, description="Use a token server on the host that the client used.")
    autoredirectpath: str = Field(
        default="/auth/token", pattern=r"^/[!#-\[\]-~]*$", description="Its path on that host."
    )

    rootcertbundle: str = Field(default="", description="A PEM file of trusted root certificates.")
    jwks: str = Field(default="", description="Path or https URL of a JSON Web Key Set (RFC 7517, 5).")
    jwkscacert: str = Field(default="", description="A PEM file of CA certificates for the URL's server.")
    jwksrefresh: Duration = Field(default=timedelta(minutes=5), ge=timedelta(seconds=10), le=timedelta(days=1))
    signingalgorithms: tuple[Algorithm, ...] = Field(default=(), description="Allowed algorithms; all by default.")
    leeway: Duration = Field(default=timedelta(seconds=60), le=timedelta(minutes=10))

    @property
    def algorithms(self) -> frozenset[str]:
        """The allowed signature algorithms."""
        return frozenset(self.signingalgorithms or _ALL)

    @property
    def jwks_is_url(self) -> bool:
        """Whether ``jwks`` is a URL rather than a path."""
        return "://" in self.jwks

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if not (self.rootcertbundle or self.jwks or self.issuer.key):
            raise ValueError("no key is trusted: set rootcertbundle, jwks, or key in issuer")
        if not (self.realm or self.autoredirect or self.issuer.key):
            raise ValueError("set realm to the URL of the token server, or autoredirect, or key in issuer")
        if self.jwks_is_url:
            _check_url(self.jwks)
        elif self.jwkscacert:
            raise ValueError("jwkscacert requires an https URL in jwks")
        return self


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https":
        raise ValueError("jwks must be a path or an https URL: keys fetched without TLS cannot be trusted")
    if not parts.hostname or parts.username is not None:
        raise ValueError("jwks must be an https URL with a host and without a user")
