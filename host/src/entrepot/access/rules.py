"""The rules of ``access``: who may do what in which repository."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from wcmatch import glob

from entrepot_contract.auth import Access, Identity

__all__ = ["CATALOG", "DISTRIBUTIONS", "Rule", "Rules", "repository_pattern"]

CATALOG: Final = Access("registry", "catalog", "*")
"""Listing the repositories (Distribution, "Token Scope Documentation")."""

_ANONYMOUS: Final = "anonymous"
_AUTHENTICATED: Final = "authenticated"


def repository_pattern(text: str) -> re.Pattern[str]:
    """A glob for the names of repositories: ``*`` stays within a component, ``**`` goes over any number of them."""
    (pattern,), _ = glob.translate(text, flags=glob.GLOBSTAR | glob.FORCEUNIX | glob.DOTGLOB)
    return re.compile(pattern)


@dataclass(frozen=True, slots=True)
class Rule:
    """``who`` may do ``actions`` in the repositories that ``repository`` matches.

    ``who`` is ``anonymous``, which is everybody, ``authenticated``, ``user:NAME`` or ``group:NAME``.
    """

    who: str
    repository: str
    actions: frozenset[str]
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, who: str, repository: str, actions: Sequence[str]) -> Rule:
        """A rule from its texts; ``catalog`` is an action of the registry, whatever the repository."""
        return cls(who, repository, frozenset(actions), repository_pattern(repository))

    def allows(self, identity: Identity | None, access: Access) -> bool:
        """Whether this rule lets an identity, or nobody in particular, do something."""
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
        """Whether the rule is about an identity, or about nobody in particular."""
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
    """Rules in order; what none of them allows is denied."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        # The same few people ask for the same few repositories, many times a second.
        self._remembered = lru_cache(maxsize=8192)(self._allow)

    def deciding(self, identity: Identity | None, access: Access) -> tuple[int, Rule] | None:
        """The first rule that allows something, with its number from 1; None where none does."""
        found = ((number, rule) for number, rule in enumerate(self._rules, 1) if rule.allows(identity, access))
        return next(found, None)

    def allow(self, identity: Identity | None, access: Access) -> bool:
        """Whether any rule allows something."""
        return self._remembered(identity, access)

    def _allow(self, identity: Identity | None, access: Access) -> bool:
        return any(rule.allows(identity, access) for rule in self._rules)


DISTRIBUTIONS: Final = Rules([Rule.of(_AUTHENTICATED, "**", ("pull", "push", "delete", "catalog"))])
"""What holds where ``auth`` is configured and ``access`` is not: Docker Distribution asks who one is, and no more."""
