"""What the system's errors mean in the contract."""

from __future__ import annotations

import errno
import os
from types import TracebackType
from typing import Final, TypeVar

from entrepot_contract import Denied, InvalidKey, NoSpace, StorageError, Unavailable

__all__ = ["NAME", "Reporting", "failure"]

NAME: Final = "filesystem"

Kind = TypeVar("Kind", bound=StorageError)

_NO_SPACE: Final = "no room is left: {}; free space under rootdirectory or raise the quota"
_DENIED: Final = "the system refuses: {}; give the server's user the right to write under rootdirectory"
_BAD_KEY: Final = "this filesystem cannot hold the key: {}"

_MEANING: Final[dict[int, tuple[type[StorageError], str]]] = {
    errno.ENOSPC: (NoSpace, _NO_SPACE),
    errno.EDQUOT: (NoSpace, _NO_SPACE),
    errno.EFBIG: (NoSpace, _NO_SPACE),
    errno.EACCES: (Denied, _DENIED),
    errno.EPERM: (Denied, _DENIED),
    errno.EROFS: (Denied, _DENIED),
    errno.ENAMETOOLONG: (InvalidKey, _BAD_KEY),
    errno.ENOTDIR: (InvalidKey, _BAD_KEY),
    errno.EISDIR: (InvalidKey, _BAD_KEY),
    errno.ENOTEMPTY: (InvalidKey, _BAD_KEY),
}


def failure(kind: type[Kind], operation: str, key: str | None, message: str) -> Kind:
    return kind(message, driver=NAME, operation=operation, key=key)


class Reporting:
    """Turns the system's errors inside a ``with`` into the contract's; can be entered again and again."""

    __slots__ = ("key", "operation")

    def __init__(self, operation: str, key: str | None = None) -> None:
        self.operation, self.key = operation, key

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError) and not isinstance(error, StorageError):
            meaning, sentence = _MEANING.get(error.errno or 0, (Unavailable, "the filesystem failed: {}"))
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise failure(meaning, self.operation, self.key, sentence.format(reason)) from error
