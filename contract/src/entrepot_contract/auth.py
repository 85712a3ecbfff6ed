"""The contract for authenticators, version 1.0: who asks, and what they bring along.

Every sentence below is a test of the kit in ``entrepot_contract.testing``. The host asks the authenticators in the
order of the configuration until one knows the credential; whatever escapes one of them is a refusal. What a known user
may do is for the host's rules to say, unless the credential itself carries grants.
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
"""Why a request goes no further: its credential is no good, or is good and does not carry what is wanted."""


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """One thing that a request wants to do (Distribution, "Token Scope Documentation").

    - ``kind`` is ``repository``, with ``pull``, ``push`` or ``delete`` of the repository ``name``;
    - or ``registry``, with the name ``catalog`` and the action ``*``.
    """

    kind: str
    name: str
    action: str


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request brings along; its repr shows no credential.

    - ``authorization`` is the header of that name as it was sent (RFC 9110, 11.6.2), at most 16 KiB.
    - ``address`` is the client's; ``base_url`` is the registry as this client sees it, and ends with a slash.
    """

    authorization: str | None = field(default=None, repr=False)
    address: str = ""
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a credential belongs to.

    - ``name`` is never empty, except for a token that was issued to nobody in particular.
    - ``grants`` is all that the bearer may do; None leaves it to the host's rules.
    - ``expires`` is aware, and None where the credential has no end of its own.
    - ``stamp`` changes whenever the user's credential changes, so that what was issued for it before can be refused.
    - ``refused`` are resources, by kind and name, that the credential was asked for and carries no grant of: to ask
      for another one would be of no use.
    """

    name: str
    groups: frozenset[str] = frozenset()
    grants: frozenset[Access] | None = None
    expires: datetime | None = None
    stamp: str = ""
    refused: frozenset[tuple[str, str]] = frozenset()


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A credential is the authenticator's to judge, and is no good; the message says why, and holds nothing of it."""


class Authenticator(ABC):
    """One way to find out who asks; found by name in the entry-point group ``entrepot.auth``.

    Authenticators are synchronous and thread-safe. No method has a default here.
    """

    name: ClassVar[str]
    """The entry point's name in the group ``entrepot.auth``."""

    contract: ClassVar[tuple[int, int]]
    """The version of this contract that the authenticator was written for."""

    Options: ClassVar[type[DriverOptions]]
    """The options that the authenticator's section of the configuration may hold."""

    @abstractmethod
    def __init__(self, options: DriverOptions) -> None:
        """Keep the options, and read the files that they name; open no connection, start no thread.

        Raises ConfigError where a file cannot be used.
        """

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """An authenticator from its section of the configuration.

        Raises ConfigError where an option is unknown, missing or wrong.
        """
        return cls(parse_options(cls.Options, config, driver=cls.name))

    @abstractmethod
    def authenticate(self, presented: Presented) -> Identity | None:
        """Who a request comes from, or None where what it presents is not this authenticator's to judge.

        - A request without a credential, and one with another scheme's, is not its to judge.
        - A credential of its scheme that is wrong, malformed, expired or too long raises Refused.
        - The schemes of HTTP have no case (RFC 9110, 11.1).
        - Wrong credentials cost the same time whether or not the user exists.
        - Nothing of a credential is in any message, repr or log line.
        """

    @abstractmethod
    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        """The value of ``WWW-Authenticate`` for a request that is not let through, or None for none.

        ``refusal`` is None where the request presented nothing. The value is one challenge (RFC 9110, 11.6.1) in one
        line, whatever the request presents.
        """

    @abstractmethod
    def user(self, name: str) -> Identity | None:
        """A user by name, with the groups and the stamp of now, or None where it is not known here."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything; again is harmless."""
