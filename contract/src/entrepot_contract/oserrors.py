"""What an error of the operating system means in the contract, and how it is told, for drivers of files."""

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
from entrepot_contract.types import Health
from entrepot_contract.watching import health_within

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
        (UploadUnknown, "the upload was committed, aborted or lost, or never was; start again"),
    ),
}
"""The operations that look for something, and what they say where it is missing."""


def kind_of(error: Exception) -> type[StorageError]:
    """NoSpace, Denied, InvalidKey or Unsupported where the error says so, Unavailable for all that is not known.

    Never NotFound: only the driver knows whether what is missing is the object.
    """
    return Unsupported if isinstance(error, NotImplementedError) else _MEANING.get(_number(error), Unavailable)


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

    __slots__ = ("_foreign", "key", "operation")

    driver: ClassVar[str]

    caught: ClassVar[type[Exception]] = OSError
    """What is turned; anything else passes, and so does an error that is the contract's already."""

    missing: ClassVar[Mapping[str, tuple[type[StorageError], str]]] = {}
    """What a FileNotFoundError means, for a driver that lets none out that is of anything but what it looked for."""

    refused: ClassVar[frozenset[str]] = frozenset()
    """Classes of errors that are Denied, by name: the package that has them need not be installed."""

    advice: ClassVar[str] = ""
    """What to do about a failure: the end of its sentence."""

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
        """The same, but what it raises itself is no error of this operation, and passes."""
        try:
            yield from data
        except Exception as error:
            self._foreign = error
            raise

    def failure(self, kind: type[Kind], message: str) -> Kind:
        """An error of this operation."""
        return kind(message, driver=self.driver, operation=self.operation, key=self.key)

    def meaning(self, error: Exception) -> StorageError:
        """What an error means that is not of something missing; while options are taken in, that they are wrong."""
        kind = kind_of(error)
        if self.operation == "configure" and isinstance(error, _WRONG_OPTION):
            kind = ConfigError
        elif not self.refused.isdisjoint(base.__name__ for base in type(error).__mro__):
            kind = Denied
        return self.failure(kind, f"the filesystem failed: {words_of(error) or type(error).__name__}{self.advice}")

    @classmethod
    def delete(cls, keys: Iterable[str], delete: Callable[[str], object]) -> None:
        """Delete keys one by one.

        Raises DeleteFailed with those that are still there, once all were tried.
        """
        failed: dict[str, StorageError] = {}
        for key in keys:
            try:
                with cls("delete", key):
                    delete(key)
            except StorageError as error:
                failed[key] = error
        if failed:
            message = f"{len(failed)} keys are still there: {next(iter(failed.values())).message}"
            raise DeleteFailed(message, driver=cls.driver, operation="delete", failed=failed)

    def health(self, check: Callable[[], object], seconds: float = 1.5) -> Health:
        """Whether ``check`` ends well within some seconds: a filesystem may know no time limit."""

        def reported() -> None:
            with self:
                check()

        late = "the filesystem did not answer in time"
        return health_within(seconds, reported, name=f"{self.driver}-health", well="it answers", late=late)
