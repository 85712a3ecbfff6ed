"""The contract for authenticators that also issue tokens: the host serves the endpoint, and asks them.

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
"""Where the host serves the token endpoint, below ``Presented.base_url``."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to the token endpoint; ``parameters`` are the query's for GET and the form's for POST."""

    method: Literal["GET", "POST"]
    parameters: Mapping[str, Sequence[str]] = field(repr=False)
    presented: Presented


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the endpoint answers: a status, a JSON object, headers beside those that the host sets."""

    status: int
    content: Mapping[str, object] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class Authority(ABC):
    """The host, as an issuer sees it: who the users are, and what they may do."""

    @abstractmethod
    def authenticate(self, presented: Presented) -> Identity | None:
        """Who a request comes from, by the other authenticators; None where it presents nothing.

        Raises Refused where a credential is no good, or is nobody's to judge.
        """

    @abstractmethod
    def user(self, name: str) -> Identity | None:
        """A user by name as the other authenticators know it now, or None where none does."""

    @abstractmethod
    def allowed(self, identity: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        """What of the accesses an identity, or nobody in particular, may do by the host's rules."""


class TokenIssuer(ABC):
    """What an authenticator is besides where it can issue tokens."""

    @property
    @abstractmethod
    def issues(self) -> bool:
        """Whether it is configured to."""

    @abstractmethod
    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        """Answer a request for a token; never raises for what a client sent.

        - A user, or nobody in particular, gets a token for what the authority allows of the accesses wanted; fewer than
          wanted, or none, is no error.
        - A wrong credential answers 401, to a POST 400 or 401 (RFC 6749, 5.2); a request that is malformed, or for
          another service, 4xx.
        - A refresh token is no bearer token, and no good once its user is gone or has another stamp.
        - Nothing of a credential is in any message, repr or log line.
        """
