"""What an error of the operating system means in the contract, for drivers whose objects are files."""

from __future__ import annotations

import errno
import os
from types import TracebackType
from typing import ClassVar, Final, TypeVar

from entrepot_contract.errors import Denied, InvalidKey, NoSpace, StorageError, Unavailable

__all__ = ["Reporting", "kind_of", "words_of"]

Kind = TypeVar("Kind", bound=StorageError)

_MEANING: Final[dict[int, type[StorageError]]] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), NoSpace),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), Denied),
    **dict.fromkeys((errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST), InvalidKey),
}
# Libraries raise these without a number.
_NUMBERS: Final[dict[type[OSError], int]] = {
    PermissionError: errno.EACCES,
    NotADirectoryError: errno.ENOTDIR,
    IsADirectoryError: errno.EISDIR,
    FileExistsError: errno.EEXIST,
}


def kind_of(error: Exception) -> type[StorageError]:
    """NoSpace, Denied or InvalidKey where the error says so, Unavailable for all that is not known.

    Never NotFound: only the driver knows whether what is missing is the object.
    """
    return _MEANING.get(_number(error), Unavailable)


def words_of(error: Exception) -> str | None:
    """The system's own words for the error, without path and secret; None where it has no number."""
    number = _number(error)
    return os.strerror(number) if number else None


def _number(error: Exception) -> int:
    if not isinstance(error, OSError):
        return 0
    return error.errno or next((number for kind, number in _NUMBERS.items() if isinstance(error, kind)), 0)


class Reporting:
    """Turns errors inside a ``with`` into the contract's; can be entered again and again."""

    __slots__ = ("key", "operation")

    driver: ClassVar[str]
    caught: ClassVar[type[Exception]] = OSError
    """What is turned; anything else passes, and so does an error that is the contract's already."""

    def __init__(self, operation: str, key: str | None = None) -> None:
        self.operation, self.key = operation, key

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, self.caught) and not isinstance(error, StorageError):
            raise self.meaning(error) from error

    def failure(self, kind: type[Kind], message: str) -> Kind:
        """An error of this operation."""
        return kind(message, driver=self.driver, operation=self.operation, key=self.key)

    def meaning(self, error: Exception) -> StorageError:
        """What an error means."""
        return self.failure(kind_of(error), f"the filesystem failed: {words_of(error) or type(error).__name__}")
