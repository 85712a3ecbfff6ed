"""Keys below a root directory inside a bucket or container."""

from __future__ import annotations

from entrepot_contract.keys import is_key

__all__ = ["Root"]

_WORKING = ".entrepot/"
# Every key sorts after this byte, and every name of a working file sorts before it.
_BEFORE_ALL_KEYS = "/"


class Root:
    """The prefix of a driver's objects: their names are ``rootdirectory``, a slash and the key.

    Distribution's object storage drivers use the same names, so that both can share a bucket.
    """

    def __init__(self, rootdirectory: str) -> None:
        inside = rootdirectory.strip("/")
        self._prefix = f"{inside}/" if inside else ""

    def name(self, key: str) -> str:
        """Return the backend's name for a key, or for a prefix of keys."""
        return self._prefix + key

    def key(self, name: str) -> str | None:
        """Return the key for a backend's name, or None for a working file or an object of another program."""
        inside = name[len(self._prefix) :]
        return inside if name.startswith(self._prefix) and is_key(inside) else None

    def prefix(self, name: str) -> str | None:
        """Return the prefix of keys for a backend's common prefix, with its slash, or None as in ``key``."""
        inside = self.key(name.removesuffix("/"))
        return None if inside is None else f"{inside}/"

    def working(self, name: str) -> str:
        """Return the backend's name for one of the driver's working files, which is never a key and never listed."""
        return f"{self._prefix}{_WORKING}{name}"

    def after(self, prefix: str, start_after: str) -> str:
        """Return the backend's name after which a listing below ``prefix`` begins, past all working files."""
        return self._prefix + max(start_after, prefix, "" if prefix else _BEFORE_ALL_KEYS)
