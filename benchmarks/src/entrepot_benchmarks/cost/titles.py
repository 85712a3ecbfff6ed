"""What the counted operations of a client are called."""

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
"""By a host that was just started, and has nothing in its memory."""

WARM: Final = "warm"
"""The same again."""

PUSH_MANIFEST: Final = "push of a manifest with a tag"
GET_MANIFEST: Final = "GET of a manifest by tag"
TAGS: Final = "list of 100 tags"
CATALOG: Final = "catalog, a page of one repository"
PUSH_IMAGE: Final = "push of an image (4 layers of 10 kB)"
PULL_IMAGE: Final = "pull of an image (4 layers of 10 kB)"

_PUSH_BLOB: Final = "push of a blob of "


def push_blob(size: int) -> str:
    """POST, PATCH and PUT of a blob of so many bytes."""
    return f"{_PUSH_BLOB}{_size(size)}: POST, PATCH, PUT"


def get_blob(size: int) -> str:
    """GET of a blob of so many bytes, which the host serves itself."""
    return f"GET of a blob of {_size(size)}, without a redirect"


def head_blob(temperature: str) -> str:
    """HEAD of a blob."""
    return f"HEAD of a blob, {temperature}"


def is_priced(operation: str) -> bool:
    """Whether a million of them is a number that somebody plans with: pushes, and pulls of an image or its manifest."""
    return operation in {PUSH_IMAGE, PULL_IMAGE} or operation.startswith((_PUSH_BLOB, GET_MANIFEST))


def _size(size: int) -> str:
    if size % 2**20 == 0:
        return f"{size // 2**20} MiB"
    return f"{size // 1000} KB" if size % 1000 == 0 else f"{size:,} bytes"
