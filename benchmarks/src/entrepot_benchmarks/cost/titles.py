"""Names of the counted client operations."""

from __future__ import annotations

from typing import Final

__all__ = [
    "CATALOG",
    "COLD",
    "GET_MANIFEST",
    "PULL_IMAGE",
    "PUSH_IMAGE",
    "PUSH_MANIFEST",
    "TAGS",
    "WARM",
    "get_blob",
    "head_blob",
    "is_priced",
    "push_blob",
]

COLD: Final = "cold"
"""On a newly started host with empty caches."""

WARM: Final = "warm"
"""The same operation repeated."""

PUSH_MANIFEST: Final = "push of a manifest with a tag"
GET_MANIFEST: Final = "GET of a manifest by tag"
TAGS: Final = "list of 100 tags"
CATALOG: Final = "catalog, a page of one repository"
PUSH_IMAGE: Final = "push of an image (4 layers of 10 kB)"
PULL_IMAGE: Final = "pull of an image (4 layers of 10 kB)"

_PUSH_BLOB: Final = "push of a blob of "


def push_blob(size: int) -> str:
    """Return the name of a push of a blob of ``size`` bytes."""
    return f"{_PUSH_BLOB}{_size(size)}: POST, PATCH, PUT"


def get_blob(size: int) -> str:
    """Return the name of a GET of a blob of ``size`` bytes, without a redirect."""
    return f"GET of a blob of {_size(size)}, without a redirect"


def head_blob(temperature: str) -> str:
    """Return the name of a HEAD of a blob."""
    return f"HEAD of a blob, {temperature}"


def is_priced(operation: str) -> bool:
    """Return whether an operation gets a cost estimate: pushes, and pulls of an image or a manifest."""
    return operation in {PUSH_IMAGE, PULL_IMAGE} or operation.startswith((_PUSH_BLOB, GET_MANIFEST))


def _size(size: int) -> str:
    if size % 2**20 == 0:
        return f"{size // 2**20} MiB"
    return f"{size // 1000} KB" if size % 1000 == 0 else f"{size:,} bytes"
