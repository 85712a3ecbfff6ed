"""Names of repositories and sizes."""

from __future__ import annotations

import re
import secrets
from typing import Final

__all__ = ["EVERY_ROUND", "MIB", "mb", "new_run", "slug"]

MIB: Final = 2**20
EVERY_ROUND: Final = 10**6


def new_run() -> str:
    """Return a unique prefix for all repositories of a run."""
    return f"bench-{secrets.token_hex(6)}"


def mb(size: int) -> str:
    """Format a size in bytes like zot's zb, where 1MB means 2^20 bytes."""
    return f"{size // MIB}MB" if size >= MIB else f"{size // 1024}KB"


def slug(name: str) -> str:
    """Convert the name of a case to a part of a repository name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
