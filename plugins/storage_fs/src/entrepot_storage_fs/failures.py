"""Translation of operating system errors into errors of the contract."""

from __future__ import annotations

from typing import Final, TypeVar

from entrepot_contract import Denied, InvalidKey, NoSpace, StorageError, Unsupported
from entrepot_contract.toolkit import oserrors

__all__ = ["NAME", "Reporting", "failure"]

NAME: Final = "filesystem"

Kind = TypeVar("Kind", bound=StorageError)

_SENTENCES: Final[dict[type[StorageError], str]] = {
    NoSpace: "no space left: {}; free space under rootdirectory or raise the quota",
    Denied: "permission denied: {}; grant the server's user permission to {} under rootdirectory",
    Unsupported: "not supported by the filesystem: {}; use one filesystem with hard links for all of rootdirectory",
    InvalidKey: "the filesystem does not support the key: {}",
}

_READING: Final = frozenset({"read", "stat", "list_objects", "health"})


def failure(kind: type[Kind], operation: str, key: str | None, message: str) -> Kind:
    return kind(message, driver=NAME, operation=operation, key=key)


class Reporting(oserrors.Reporting):
    """Context manager that translates operating system errors into those of the contract; reusable."""

    __slots__ = ()

    driver = NAME

    def meaning(self, error: Exception) -> StorageError:
        """Return the contract's error for an exception, with a hint how to fix it."""
        kind = oserrors.kind_of(error)
        # Errors without a number are raised by this driver itself, so their text can be shown.
        reason = oserrors.words_of(error) or str(error)
        permission = "read" if self.operation in _READING else "write"
        return self.failure(kind, _SENTENCES.get(kind, "the filesystem failed: {}").format(reason, permission))
