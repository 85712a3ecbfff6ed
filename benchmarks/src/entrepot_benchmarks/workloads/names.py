"""The names that a run gives: which repositories are its own, and what every size is called."""

from __future__ import annotations

import re
import secrets
from typing import Final

__all__ = ["EVERY_ROUND", "MIB", "mb", "new_run", "slug"]

MIB: Final = 2**20
EVERY_ROUND: Final = 10**6


def new_run() -> str:
    """What the names of all repositories of a run begin with, unlike that of any other run."""
    return f"bench-{secrets.token_hex(6)}"


def mb(size: int) -> str:
    """A size in bytes as zot's zb writes it, where 1MB are 2^20 bytes."""
    return f"{size // MIB}MB" if size >= MIB else f"{size // 1024}KB"


def slug(name: str) -> str:
    """A case's name as a part of a repository's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
