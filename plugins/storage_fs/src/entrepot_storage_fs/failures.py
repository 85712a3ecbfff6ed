"""What the system's errors mean in the contract."""

from __future__ import annotations

from typing import Final, TypeVar

from entrepot_contract import Denied, InvalidKey, NoSpace, StorageError, Unsupported, oserrors

__all__ = ["NAME", "Reporting", "failure"]

NAME: Final = "filesystem"

Kind = TypeVar("Kind", bound=StorageError)

_SENTENCES: Final[dict[type[StorageError], str]] = {
    NoSpace: "no room is left: {}; free space under rootdirectory or raise the quota",
    Denied: "the system refuses: {}; give the server's user the right to {} under rootdirectory",
    Unsupported: "the filesystem cannot do this: {}; use one filesystem with hard links for all of rootdirectory",
    InvalidKey: "this filesystem cannot hold the key: {}",
}

_READING: Final = frozenset({"read", "stat", "list_objects", "health"})


def failure(kind: type[Kind], operation: str, key: str | None, message: str) -> Kind:
    return kind(message, driver=NAME, operation=operation, key=key)


class Reporting(oserrors.Reporting):
    """Turns the system's errors inside a ``with`` into the contract's; can be entered again and again."""

    __slots__ = ()

    driver = NAME

    def meaning(self, error: Exception) -> StorageError:
        """What an error of the system means, and what to do about it."""
        kind = oserrors.kind_of(error)
        # What has no number comes from this driver itself, so that its text can be shown.
        words = oserrors.words_of(error) or str(error)
        right = "read" if self.operation in _READING else "write"
        return self.failure(kind, _SENTENCES.get(kind, "the filesystem failed: {}").format(words, right))
