"""Keys below a root directory inside a bucket or container."""

from __future__ import annotations

from entrepot_contract.keys import is_key

__all__ = ["Root"]

_WORKING = ".entrepot/"
# No segment of a key begins with a byte as low as this, and every working name does.
_BEFORE_ALL_KEYS = "/"


class Root:
    """Where a driver's objects lie: their names are ``rootdirectory``, a slash and the key.

    Distribution's object drivers do the same, so that both can work on one bucket.
    """

    def __init__(self, rootdirectory: str) -> None:
        inside = rootdirectory.strip("/")
        self._prefix = f"{inside}/" if inside else ""

    def name(self, key: str) -> str:
        """The backend's name for a key, or for a prefix of keys."""
        return self._prefix + key

    def key(self, name: str) -> str | None:
        """The key of a backend's name, or None where it is none: a working file, or what another program left."""
        inside = name[len(self._prefix) :]
        return inside if name.startswith(self._prefix) and is_key(inside) else None

    def prefix(self, name: str) -> str | None:
        """The prefix of keys that a backend's common prefix stands for, with its slash, or None as in ``key``."""
        inside = self.key(name.removesuffix("/"))
        return None if inside is None else f"{inside}/"

    def working(self, name: str) -> str:
        """The backend's name for one of the driver's own files, which no key can have and no listing shows."""
        return f"{self._prefix}{_WORKING}{name}"

    def after(self, prefix: str, start_after: str) -> str:
        """The backend's name after which a listing below ``prefix`` begins; skips all working files."""
        return self._prefix + max(start_after, prefix, "" if prefix else _BEFORE_ALL_KEYS)
