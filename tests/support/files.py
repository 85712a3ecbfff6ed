"""Files of a directory."""

from __future__ import annotations

from pathlib import Path

__all__ = ["bytes_below"]


def bytes_below(folder: Path) -> int:
    """Return the size of all files below a directory."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
