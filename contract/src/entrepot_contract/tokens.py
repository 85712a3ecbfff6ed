"""The contract for authenticators that also issue tokens: the host serves the token endpoint and calls them.

Distribution, "Token Authentication Specification" and "Oauth2 Token Authentication".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from entrepot_contract.auth import Access, Identity, Presented

__all__ = ["TOKEN_PATH", "Authority", "TokenAnswer", "TokenIssuer", "TokenRequest"]

TOKEN_PATH = "auth/token"  # noqa: S105 - a path
"""The path of the token endpoint, relative to ``Presented.base_url``."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to the token endpoint; ``parameters`` are from the query string for GET and from the form for POST."""

    method: Literal["GET", "POST"]
    parameters: Mapping[str, Sequence[str]] = field(repr=False)
    presented: Presented


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The response of the endpoint: a status, a JSON object, and headers in addition to those that the host sets."""

    status: int
    content: Mapping[str, object] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class Authority(ABC):
    """The host's side, for use by an issuer: authenticates users and knows what they may do."""

    @abstractmethod
    def authenticate(self, presented: Presented) -> Identity | None:
        """Return the user of a request according to the other authenticators, or None if it presents no credential.

        Raises Refused if the credential is invalid, or if no authenticator handles it.
        """

    @abstractmethod
    def user(self, name: str) -> Identity | None:
        """Return a user by name as currently known to the other authenticators, or None if unknown."""

    @abstractmethod
    def allowed(self, identity: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        """Return those of the wanted accesses that the host's rules allow to an identity, or to anonymous clients."""


class TokenIssuer(ABC):
    """Additional base class of authenticators that can issue tokens."""

    @property
    @abstractmethod
    def issues(self) -> bool:
        """Whether it is configured to issue tokens."""

    @abstractmethod
    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        """Return the response to a token request; never raises because of what a client sent.

        - A user, or an anonymous client, gets a token for those of the requested accesses that the authority allows;
          it is not an error if these are fewer than requested, or none.
        - A token grants what its own request asked for, whatever was requested before or at the same time.
        - A wrong credential gets 401, or 400 or 401 for POST (RFC 6749, 5.2); a request that is malformed, or for
          another service, gets 4xx.
        - A refresh token is not accepted as a bearer token, and is invalid once its user is gone or has another stamp.
        - No part of a credential appears in any message, repr or log line.
        """
