"""The grammar of object keys."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MAX_KEY_BYTES", "MAX_SEGMENT_BYTES", "Key", "is_key", "is_prefix"]

Key = str
"""``"a/b/c"``: segments match ``[A-Za-z0-9_][A-Za-z0-9._-]*``, at most 255 bytes each and 900 in total.

Keys differ if one character differs, in its case too. A key that holds a digest promises nothing about the content of
the object: it is read as it was written.

No key is a segment prefix of another: if ``a/b`` is an object, there is no ``a/b/c``. Writing a key that would break
this is refused or done, and changes no other object.
"""

MAX_SEGMENT_BYTES: Final = 255
MAX_KEY_BYTES: Final = 900

_SEGMENT: Final = rf"[A-Za-z0-9_][A-Za-z0-9._-]{{0,{MAX_SEGMENT_BYTES - 1}}}"
_KEY: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*\Z")


def is_key(text: str) -> bool:
    """Return whether ``text`` is a valid key."""
    return len(text) <= MAX_KEY_BYTES and _KEY.match(text) is not None


def is_prefix(text: str) -> bool:
    """Return whether ``text`` is a prefix of complete segments: empty, or a key followed by one slash."""
    return not text or (text[-1] == "/" and is_key(text[:-1]))
