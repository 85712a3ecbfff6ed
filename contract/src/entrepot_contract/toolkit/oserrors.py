"""Translation of operating system errors into the errors of the contract, for drivers that use files."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import ClassVar, Final, Self, TypeVar

from entrepot_contract.errors import (
    ConfigError,
    DeleteFailed,
    Denied,
    InvalidKey,
    NoSpace,
    NotFound,
    StorageError,
    Unavailable,
    Unsupported,
    UploadUnknown,
)
from entrepot_contract.toolkit.timeouts import health_within
from entrepot_contract.types import Health

__all__ = ["LOOKED_FOR", "Reporting", "kind_of", "words_of"]

Item = TypeVar("Item")
Kind = TypeVar("Kind", bound=StorageError)

_MEANING: Final[dict[int, type[StorageError]]] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), NoSpace),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), Denied),
    **dict.fromkeys((errno.EXDEV, errno.EOPNOTSUPP, errno.ENOSYS), Unsupported),
    **dict.fromkeys((errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST), InvalidKey),
}
# Libraries raise these without a number.
_NUMBERS: Final[dict[type[OSError], int]] = {
    PermissionError: errno.EACCES,
    NotADirectoryError: errno.ENOTDIR,
    IsADirectoryError: errno.EISDIR,
    FileExistsError: errno.EEXIST,
}

_WRONG_OPTION: Final = (TypeError, ValueError, ImportError, FileNotFoundError)

LOOKED_FOR: Final[dict[str, tuple[type[StorageError], str]]] = {
    **dict.fromkeys(("read", "stat", "move"), (NotFound, "no such object")),
    **dict.fromkeys(
        ("upload_append", "upload_commit"),
        (UploadUnknown, "the upload was committed, was aborted, was lost or never existed; start again"),
    ),
}
"""For each operation that needs an existing object or upload, the error to raise if it is missing."""


def kind_of(error: Exception) -> type[StorageError]:
    """Return NoSpace, Denied, InvalidKey or Unsupported if the error number means that, and Unavailable otherwise.

    Never NotFound: only the driver knows whether the missing file is the object.
    """
    return Unsupported if isinstance(error, NotImplementedError) else _MEANING.get(_number(error), Unavailable)


def words_of(error: Exception) -> str | None:
    """Return the system's message for the error, without path and secrets, or None if it has no number."""
    number = _number(error)
    return os.strerror(number) if number else None


def _number(error: Exception) -> int:
    if not isinstance(error, OSError):
        return 0
    return error.errno or next((number for kind, number in _NUMBERS.items() if isinstance(error, kind)), 0)


class Reporting:
    """Context manager that translates exceptions into those of the contract; reusable."""

    __slots__ = ("_foreign", "key", "operation")

    driver: ClassVar[str]

    caught: ClassVar[type[Exception]] = OSError
    """The exceptions to translate; others pass unchanged, and so do errors of the contract."""

    missing: ClassVar[Mapping[str, tuple[type[StorageError], str]]] = {}
    """What a FileNotFoundError means, by operation; only for a driver that raises it for nothing but the object."""

    refused: ClassVar[frozenset[str]] = frozenset()
    """Names of exception classes that mean Denied: the package that defines them need not be installed."""

    advice: ClassVar[str] = ""
    """How to fix a failure; appended to the message."""

    def __init__(self, operation: str, key: str | None = None) -> None:
        self.operation, self.key = operation, key
        self._foreign: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, self.caught) or isinstance(error, StorageError) or error is self._foreign:
            return
        if isinstance(error, FileNotFoundError) and self.operation in self.missing:
            raise self.failure(*self.missing[self.operation]) from error
        raise self.meaning(error) from error

    def passing(self, data: Iterable[Item]) -> Iterator[Item]:
        """Iterate over ``data``; exceptions that ``data`` itself raises are not translated."""
        try:
            yield from data
        except Exception as error:
            self._foreign = error
            raise

    def failure(self, kind: type[Kind], message: str) -> Kind:
        """Return an error of this operation."""
        return kind(message, driver=self.driver, operation=self.operation, key=self.key)

    def meaning(self, error: Exception) -> StorageError:
        """Return the contract's error for an exception; a wrong option in ``configure`` is a ConfigError."""
        kind = kind_of(error)
        if self.operation == "configure" and isinstance(error, _WRONG_OPTION):
            kind = ConfigError
        elif not self.refused.isdisjoint(base.__name__ for base in type(error).__mro__):
            kind = Denied
        return self.failure(kind, f"the filesystem failed: {words_of(error) or type(error).__name__}{self.advice}")

    @classmethod
    def delete(cls, keys: Iterable[str], delete: Callable[[str], object]) -> None:
        """Delete keys one by one.

        Raises DeleteFailed with the keys that could not be deleted, after all were tried.
        """
        failed: dict[str, StorageError] = {}
        for key in keys:
            try:
                with cls("delete", key):
                    delete(key)
            except StorageError as error:
                failed[key] = error
        DeleteFailed.raise_for(failed, driver=cls.driver)

    def health(self, check: Callable[[], object], seconds: float = 1.5, *, owner: object | None = None) -> Health:
        """Return whether ``check`` succeeds within some seconds; a filesystem call may have no timeout of its own.

        ``owner`` is the driver: of its checks, only one runs at a time.
        """

        def reported() -> None:
            with self:
                check()

        late = "the filesystem did not respond in time"
        name = f"{self.driver}-health"
        return health_within(seconds, reported, name=name, well="responding", late=late, owner=owner)
