"""The options, by the names that Docker Distribution gives them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from entrepot_contract import DriverOptions
from entrepot_contract.durations import Duration

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
"""What can stand between the quotes of a challenge as it is (RFC 9110, 5.6.4)."""


class IssuerOptions(DriverOptions):
    """``auth.token.issuer``: whose tokens are taken and, where there is a ``key``, issued here."""

    name: str = Field(min_length=1, description="What `iss` of every token has to be.")
    key: str | None = Field(default=None, min_length=1, description="A PEM file: the first key signs, all verify.")
    expires: Duration = Field(default=timedelta(minutes=5), ge=timedelta(seconds=60), le=timedelta(days=1))
    refresh: Duration = Field(default=timedelta(days=30), ge=timedelta(minutes=5), le=timedelta(days=3660))

    @model_validator(mode="after")
    def _times_belong_to_a_key(self) -> Self:
        if self.key is None and self.model_fields_set & {"expires", "refresh"}:
            raise ValueError("expires and refresh are of tokens that are issued here: set key too")
        return self


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class TokenOptions(DriverOptions):
    """``auth.token`` of the configuration."""

    service: Quotable = Field(min_length=1, description="The name of this registry, which `aud` has to hold.")
    issuer: Annotated[IssuerOptions, BeforeValidator(_named)] = Field(description="A name, or {name, key}.")
    realm: Quotable = Field(default="", description="The URL of the token server, as clients reach it.")
    autoredirect: bool = Field(default=False, description="The token server is on the host that the client asked.")
    autoredirectpath: str = Field(default="/auth/token", pattern=r"^/[!#-\[\]-~]*$", description="Where it is there.")

    rootcertbundle: str = Field(default="", description="A PEM file of certificates whose keys are trusted.")
    jwks: str = Field(default="", description="A file of trusted keys (RFC 7517, 5), or its https URL.")
    jwkscacert: str = Field(default="", description="A PEM file of the CAs that may vouch for the URL's server.")
    jwksrefresh: Duration = Field(default=timedelta(minutes=5), ge=timedelta(seconds=10), le=timedelta(days=1))
    signingalgorithms: tuple[Algorithm, ...] = Field(default=(), description="By default all that there are.")
    leeway: Duration = Field(default=timedelta(seconds=60), le=timedelta(minutes=10))

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms that a signature may have."""
        return frozenset(self.signingalgorithms or _ALL)

    @property
    def jwks_is_url(self) -> bool:
        """Whether the keys have to be fetched."""
        return "://" in self.jwks

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not (self.rootcertbundle or self.jwks or self.issuer.key):
            raise ValueError("no key is trusted: set rootcertbundle, jwks, or key in issuer")
        if not (self.realm or self.autoredirect or self.issuer.key):
            raise ValueError("set realm to the URL of the token server, or autoredirect, or key in issuer")
        if self.jwks_is_url:
            _check_url(self.jwks)
        elif self.jwkscacert:
            raise ValueError("jwkscacert is for an https URL in jwks")
        return self


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https":
        raise ValueError("jwks has to be a path or an https URL; keys that come without TLS can be anybody's")
    if not parts.hostname or parts.username is not None:
        raise ValueError("jwks has to be an https URL with a host and without a user")
