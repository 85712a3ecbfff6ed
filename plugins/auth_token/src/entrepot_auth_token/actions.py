"""What an action's name stands for."""

from __future__ import annotations

from typing import Final

from entrepot_contract.auth import Access

__all__ = ["REPOSITORY_ACTIONS", "expand"]

REPOSITORY_ACTIONS: Final = ("pull", "push", "delete")


def expand(kind: str, name: str, action: str) -> tuple[Access, ...]:
    """One access, or all that there are of a repository for ``*``: so Distribution reads it, and clients ask."""
    if kind == "repository" and action == "*":
        return tuple(Access(kind, name, one) for one in REPOSITORY_ACTIONS)
    return (Access(kind, name, action),)
