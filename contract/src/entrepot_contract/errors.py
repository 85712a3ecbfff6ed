"""The exception hierarchy of the contract; a driver must not raise anything else.

    StorageError
    ├── NotFound            (also FileNotFoundError)
    ├── AlreadyExists       (also FileExistsError)
    ├── InvalidKey
    ├── RangeError
    ├── UploadUnknown
    ├── UploadConflict
    ├── Unsupported
    ├── Denied
    ├── NoSpace
    ├── Throttled           (retryable)
    ├── Unavailable         (retryable)
    ├── IntegrityError
    ├── DeleteFailed
    └── ConfigError

A driver raises them ``from`` the exception of its own SDK, so that the cause is preserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

__all__ = [
    "AlreadyExists",
    "ConfigError",
    "DeleteFailed",
    "Denied",
    "IntegrityError",
    "InvalidKey",
    "NoSpace",
    "NotFound",
    "RangeError",
    "StorageError",
    "Throttled",
    "Unavailable",
    "Unsupported",
    "UploadConflict",
    "UploadUnknown",
]


class StorageError(Exception):
    """Base class: the message, with the driver, the operation and the key.

    - ``retryable`` is true if the same call may succeed later without any change by the caller.
    - The message never contains a secret, because it is logged and shown.
    """

    retryable_by_default = False

    def __init__(
        self, message: str, *, driver: str, operation: str, key: str | None = None, retryable: bool | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.driver = driver
        self.operation = operation
        self.key = key
        self.retryable = self.retryable_by_default if retryable is None else retryable

    def __str__(self) -> str:
        where = f"{self.driver}: {self.operation}"
        return f"{where} {self.key}: {self.message}" if self.key is not None else f"{where}: {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.__dict__.copy())


def _rebuild(kind: type[StorageError], message: str, state: dict[str, Any]) -> StorageError:
    error = kind.__new__(kind, message)
    error.args = (message,)
    error.__dict__.update(state)
    return error


class NotFound(StorageError, FileNotFoundError):  # noqa: N818 - the field's name for it
    """No object has this key."""


class AlreadyExists(StorageError, FileExistsError):  # noqa: N818
    """``WriteMode.CREATE`` found an existing object with this key; the object is unchanged."""


class InvalidKey(StorageError):  # noqa: N818
    """The key violates the grammar, or cannot be used in this call (a move onto itself)."""


class RangeError(StorageError):
    """The offset of a read is past the end of the object."""


class UploadUnknown(StorageError):  # noqa: N818
    """The upload was committed, was aborted, has expired or never existed."""


class UploadConflict(StorageError):  # noqa: N818
    """Another append was made from the same or an earlier state of the upload and has won."""


class Unsupported(StorageError):  # noqa: N818
    """The driver does not claim the capability that this call needs."""


class Denied(StorageError):  # noqa: N818
    """The backend denies access: credentials, permissions or policy."""


class NoSpace(StorageError):  # noqa: N818
    """The backend is full, or a quota is exceeded."""


class Throttled(StorageError):  # noqa: N818
    """The backend limits the request rate; ``retry_after`` is the backend's hint, if it sent one."""

    retryable_by_default = True

    def __init__(
        self,
        message: str,
        *,
        driver: str,
        operation: str,
        key: str | None = None,
        retryable: bool | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message, driver=driver, operation=operation, key=key, retryable=retryable)
        self.retry_after = retry_after


class Unavailable(StorageError):  # noqa: N818
    """The backend could not be reached, closed the connection, or failed temporarily."""

    retryable_by_default = True


class IntegrityError(StorageError):
    """The data is damaged: too few bytes, too many, or different ones."""


class DeleteFailed(StorageError):  # noqa: N818
    """Some keys could not be deleted; ``failed`` maps each of them to its error."""

    def __init__(
        self,
        message: str,
        *,
        driver: str,
        operation: str,
        failed: Mapping[str, StorageError],
        key: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message, driver=driver, operation=operation, key=key, retryable=retryable)
        self.failed = dict(failed)

    @classmethod
    def raise_for(cls, failed: Mapping[str, StorageError], *, driver: str) -> None:
        """Raise DeleteFailed for the keys that could not be deleted, if there are any.

        It is retryable if all errors are.
        """
        if failed:
            message = f"{len(failed)} keys could not be deleted: {next(iter(failed.values())).message}"
            retryable = all(error.retryable for error in failed.values())
            raise cls(message, driver=driver, operation="delete", failed=failed, retryable=retryable)


class ConfigError(StorageError):
    """The options of a driver are invalid; the message names the option, the reason and what is valid."""
