"""The access rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from wcmatch import glob

from entrepot.cache import Cache
from entrepot_contract.auth import Access, Identity

__all__ = ["CATALOG", "DISTRIBUTIONS", "Rule", "RuleAction", "Rules", "repository_pattern"]

RuleAction: TypeAlias = Literal["pull", "push", "delete", "catalog"]
"""What a rule allows."""

CATALOG: Final = Access("registry", "catalog", "*")
"""The access to the list of repositories (Distribution, "Token Scope Documentation")."""

_CACHED_BYTES: Final = 4 * 2**20
_DECISION_WEIGHT: Final = 512
"""Memory for decisions, and that of one decision in addition to its names, in bytes, approximately."""

_Who: TypeAlias = tuple[str, frozenset[str]] | None
"""What rules look at in an identity: its name and groups."""

_ANONYMOUS: Final = "anonymous"
_AUTHENTICATED: Final = "authenticated"


def repository_pattern(text: str) -> re.Pattern[str]:
    """Returns the pattern for a glob: ``*`` matches within a component of a name, ``**`` any number of components."""
    (pattern,), _ = glob.translate(text, flags=glob.GLOBSTAR | glob.FORCEUNIX | glob.DOTGLOB)
    return re.compile(pattern)


@dataclass(frozen=True, slots=True)
class Rule:
    """Allows ``who`` to perform ``actions`` in the repositories that match ``repository``.

    ``who`` is ``anonymous`` (every client), ``authenticated``, ``user:NAME`` or ``group:NAME``.
    """

    who: str
    repository: str
    actions: frozenset[str]
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, who: str, repository: str, actions: Sequence[str]) -> Rule:
        """Returns a rule; the action ``catalog`` applies to the registry, whatever the repository."""
        return cls(who, repository, frozenset(actions), repository_pattern(repository))

    def allows(self, identity: Identity | None, access: Access) -> bool:
        """Returns whether this rule allows an access to an identity, or to an anonymous client if that is None."""
        if access == CATALOG:
            return "catalog" in self.actions and self.is_for(identity)
        return (
            access.kind == "repository"
            and access.action in self.actions
            and access.action != "catalog"
            and self.is_for(identity)
            and self.pattern.match(access.name) is not None
        )

    def is_for(self, identity: Identity | None) -> bool:
        """Returns whether the rule applies to an identity, or to an anonymous client if that is None."""
        if self.who == _ANONYMOUS:
            return True
        if identity is None or not identity.name:
            return False
        kind, _, name = self.who.partition(":")
        if kind == "user":
            return identity.name == name
        return kind == _AUTHENTICATED or (kind == "group" and name in identity.groups)

    def __str__(self) -> str:
        return f"{self.who} may {', '.join(sorted(self.actions))} in {self.repository}"


class Rules:
    """Rules in order; an access that no rule allows is denied."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        # The same few users request the same few repositories, many times a second.
        self._decisions: Cache[tuple[_Who, Access], bool] = Cache(_CACHED_BYTES)

    def deciding(self, identity: Identity | None, access: Access) -> tuple[int, Rule] | None:
        """Returns the first rule that allows an access, with its number from 1, or None if there is none."""
        found = ((number, rule) for number, rule in enumerate(self._rules, 1) if rule.allows(identity, access))
        return next(found, None)

    def allow(self, identity: Identity | None, access: Access) -> bool:
        """Returns whether any rule allows an access."""
        who = None if identity is None else (identity.name, identity.groups)
        allowed = self._decisions.get((who, access))
        if allowed is None:
            allowed = any(rule.allows(identity, access) for rule in self._rules)
            names = () if identity is None else (identity.name, *identity.groups)
            self._decisions.set((who, access), allowed, _DECISION_WEIGHT + len(access.name) + sum(map(len, names)))
        return allowed


DISTRIBUTIONS: Final = Rules([Rule.of(_AUTHENTICATED, "**", get_args(RuleAction))])
"""The rules if ``auth`` is configured without ``access``: as in Docker Distribution, authentication is sufficient."""
