"""Expansion of the action ``*``."""

from __future__ import annotations

from typing import Final

from entrepot_contract.auth import Access

__all__ = ["REPOSITORY_ACTIONS", "expand"]

REPOSITORY_ACTIONS: Final = ("pull", "push", "delete")


def expand(kind: str, name: str, action: str) -> tuple[Access, ...]:
    """Return one access, or every repository action if ``action`` is ``*`` on a repository, as in Distribution."""
    if kind == "repository" and action == "*":
        return tuple(Access(kind, name, one) for one in REPOSITORY_ACTIONS)
    return (Access(kind, name, action),)
