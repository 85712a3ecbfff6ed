"""Parsing and formatting of scopes.

Distribution, "Token Scope Documentation", "Resource Scope Grammar".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from entrepot_auth_token.actions import REPOSITORY_ACTIONS, expand
from entrepot_contract.auth import Access

__all__ = ["MAX_SCOPE", "ScopeError", "format_scope", "merged", "parse_scopes"]

MAX_SCOPE: Final = 1024
"""Maximum length of the scope of one resource, in characters; a repository name has at most 255."""

_TYPE: Final = r"[a-z0-9]+"
_HOST: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_COMPONENT: Final = r"[a-z0-9]+(?:(?:[_.]|__|-+)[a-z0-9]+)*"
_NAME: Final = rf"(?:{_HOST}(?:\.{_HOST})*(?::[0-9]+)?/)?{_COMPONENT}(?:/{_COMPONENT})*"
# The grammar has no *, but Distribution itself requests registry:catalog:*, and skopeo repository:NAME:* to delete.
_ACTIONS: Final = r"(?:[a-z]*|\*)(?:,(?:[a-z]*|\*))*"
_SCOPE: Final = re.compile(rf"({_TYPE})(?:\({_TYPE}\))?:({_NAME}):({_ACTIONS})")

_ORDER: Final = {action: place for place, action in enumerate(REPOSITORY_ACTIONS)}


class ScopeError(ValueError):
    """Too much was requested. The message contains no part of the request."""


def parse_scopes(texts: Iterable[str]) -> tuple[Access, ...]:
    """Return the accesses of scope parameters, each of which may contain several scopes separated by spaces.

    Resource classes are dropped, ``*`` on a repository means every action, and duplicates are removed. Malformed scopes
    are ignored: they grant nothing, and clients send them along with valid ones.
    """
    wanted: dict[Access, None] = {}
    for text in texts:
        for scope in text.split(" ") if text else ():
            found = _SCOPE.fullmatch(scope) if len(scope) <= MAX_SCOPE else None
            if found is None:
                continue
            kind, name, actions = found.groups()
            for action in filter(None, actions.split(",")):
                wanted.update(dict.fromkeys(expand(kind, name, action)))
    return tuple(wanted)


def merged(accesses: Iterable[Access]) -> dict[tuple[str, str], Sequence[str]]:
    """Group actions by resource: resources in their original order, actions in the order pull, push, delete."""
    found: dict[tuple[str, str], set[str]] = {}
    for access in accesses:
        found.setdefault((access.kind, access.name), set()).add(access.action)
    return {resource: sorted(actions, key=_place) for resource, actions in found.items()}


def format_scope(accesses: Iterable[Access]) -> str:
    """Return scopes for accesses, one per resource, separated by spaces."""
    return " ".join(f"{kind}:{name}:{','.join(actions)}" for (kind, name), actions in merged(accesses).items())


def _place(action: str) -> tuple[int, str]:
    return _ORDER.get(action, len(_ORDER)), action
