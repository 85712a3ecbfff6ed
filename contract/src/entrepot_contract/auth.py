"""The authenticator contract, version 1.0: identify the client of a request by its credential.

Every sentence below is tested by the kit in ``entrepot_contract.testing``. The host calls the authenticators in the
order of the configuration until one recognizes the credential; any exception denies the request. The host's rules
decide what an authenticated user may do, unless the credential itself carries grants.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, Self

from entrepot_contract.options import DriverOptions, parse_options

__all__ = ["AUTH_CONTRACT_VERSION", "Access", "Authenticator", "Identity", "Presented", "Refusal", "Refused"]

AUTH_CONTRACT_VERSION: tuple[int, int] = (1, 0)

Refusal = Literal["invalid", "insufficient"]
"""Why a request is denied: its credential is invalid, or is valid but does not grant the requested access."""


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """One action that a request needs permission for (Distribution, "Token Scope Documentation").

    - ``kind`` is ``repository``, with the action ``pull``, ``push`` or ``delete`` on the repository ``name``;
    - or ``registry``, with the name ``catalog`` and the action ``*``.
    """

    kind: str
    name: str
    action: str


@dataclass(frozen=True, slots=True)
class Presented:
    """The credentials that a request presents; the repr contains no credential.

    - ``authorization`` is the value of the ``Authorization`` header as sent (RFC 9110, 11.6.2), at most 16 KiB.
    - ``address`` is the client's address; ``base_url`` is the registry's URL as the client sees it, with a trailing
      slash.
    """

    authorization: str | None = field(default=None, repr=False)
    address: str = ""
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """The user that a credential belongs to.

    - ``name`` is never empty, except for a token issued to an anonymous client.
    - ``grants`` is everything that the bearer may do; with None, the host's rules decide.
    - ``expires`` is timezone-aware, or None if the credential does not expire by itself.
    - ``stamp`` changes whenever the user's credential changes, so that tokens issued before can be refused.
    - ``refused`` lists resources, by kind and name, for which access was requested but not granted when the credential
      was issued: the client would gain nothing by requesting another one.
    """

    name: str
    groups: frozenset[str] = frozenset()
    grants: frozenset[Access] | None = None
    expires: datetime | None = None
    stamp: str = ""
    refused: frozenset[tuple[str, str]] = frozenset()


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """The authenticator recognizes the credential and rejects it; the message says why, without any part of it."""


class Authenticator(ABC):
    """Base class of authenticators, which are found by name in the entry-point group ``entrepot.auth``.

    Authenticators are synchronous and thread-safe. All methods are abstract. One that reads a changed file again keeps
    the previous content while the file is missing or cannot be used.
    """

    name: ClassVar[str]
    """The entry point's name in the group ``entrepot.auth``."""

    contract: ClassVar[tuple[int, int]]
    """The version of this contract that the authenticator was written for."""

    Options: ClassVar[type[DriverOptions]]
    """The options that are valid in the authenticator's section of the configuration."""

    @abstractmethod
    def __init__(self, options: DriverOptions) -> None:
        """Store the options and read the files that they name; open no connection, start no thread.

        Raises ConfigError if a file cannot be used.
        """

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """Return an authenticator for its section of the configuration.

        Raises ConfigError if an option is unknown, missing or wrong.
        """
        return cls(parse_options(cls.Options, config, driver=cls.name))

    @abstractmethod
    def authenticate(self, presented: Presented) -> Identity | None:
        """Return the user that a request comes from, or None if this authenticator does not handle its credential.

        - A request without a credential, or with a credential of another scheme, is not handled.
        - A credential of its scheme that is wrong, malformed, expired or too long raises Refused.
        - Authentication schemes are case-insensitive (RFC 9110, 11.1).
        - A password is compared exactly: case, spaces, every character and its Unicode form count. Only bytes after the
          72nd may be ignored, as some hashes do.
        - A user name is compared exactly. An authenticator whose directory knows other spellings of a name returns for
          all of them the name that the directory has.
        - All credentials of one user return the same name, groups and stamp.
        - A signed token is accepted only as it was signed, during its time, and for its issuer and audience.
        - The result depends on the credential, not on those presented before or at the same time: any number of wrong
          ones does not lock a user out.
        - Rejecting a wrong credential takes the same time whether or not the user exists.
        - No part of a credential appears in any message, repr or log line.
        """

    @abstractmethod
    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        """Return the value of ``WWW-Authenticate`` for a request that is denied, or None to send no header.

        ``refusal`` is None if the request presented no credential. The value is a single challenge (RFC 9110, 11.6.1)
        in one line, whatever the request presents. It depends on the request alone, except for a nonce.
        """

    @abstractmethod
    def user(self, name: str) -> Identity | None:
        """Return a user by name, with its current groups and stamp, or None if the user is unknown here."""

    @abstractmethod
    def close(self) -> None:
        """Release all resources: files, connections and threads. Idempotent."""
