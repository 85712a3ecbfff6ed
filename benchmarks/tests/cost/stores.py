"""Stores with existing content, and what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from entrepot.plugins import load_storage
from entrepot_contract import ObjectInfo

__all__ = ["OLD", "store", "stored", "uploads"]

OLD = {"docker/registry/v2/blobs/sha256/ab/abcd/data": b"a blob", "entrepot/uploads/old.00000000": b"{}"}


def stored(driver: str, options: Mapping[str, object]) -> list[tuple[str, int]]:
    """Return the objects with their sizes."""
    opened = load_storage(driver).from_config(options)
    found = [(one.key, one.size) for one in opened.list_objects() if isinstance(one, ObjectInfo)]
    opened.close()
    return found


def store(driver: str, options: Mapping[str, object]) -> list[tuple[str, int]]:
    """Write the existing content, and return all objects with their sizes."""
    opened = load_storage(driver).from_config(options)
    for key, data in OLD.items():
        opened.put(key, data)
    opened.close()
    return stored(driver, options)


def uploads(root: Path) -> list[Path]:
    """Return the files of unfinished uploads."""
    return [path for path in (root / ".entrepot").rglob("*") if path.is_file()]
