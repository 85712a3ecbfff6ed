"""What the errors of a filesystem mean in the contract; its own sentences may hold secrets, so they are not shown."""

from __future__ import annotations

import errno
import os
from types import TracebackType
from typing import Final, TypeVar

from entrepot_contract import (
    ConfigError,
    Denied,
    InvalidKey,
    NoSpace,
    NotFound,
    StorageError,
    Unavailable,
    Unsupported,
    UploadUnknown,
)

NAME: Final = "fsspec"
Kind = TypeVar("Kind", bound=StorageError)

_MISSING: Final = dict.fromkeys(("read", "stat", "move"), NotFound) | dict.fromkeys(
    ("upload_append", "upload_commit"), UploadUnknown
)
_ERRNO: Final[dict[int, type[StorageError]]] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), NoSpace),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), Denied),
    **dict.fromkeys((errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST), InvalidKey),
}
_REFUSED: Final = {"AuthenticationException", "BadHostKeyException", "PermissionDenied", "NoCredentialsError"}


def failure(kind: type[Kind], operation: str, key: str | None, message: str) -> Kind:
    return kind(message, driver=NAME, operation=operation, key=key)


class Reporting:
    """Turns errors inside a ``with`` into the contract's; can be entered again and again."""

    def __init__(self, operation: str, key: str | None = None) -> None:
        self.operation, self.key = operation, key

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, StorageError):
            raise self.meaning(error) from error

    def meaning(self, error: Exception) -> StorageError:
        what = type(error).__name__
        if isinstance(error, FileNotFoundError) and self.operation in _MISSING:
            return failure(_MISSING[self.operation], self.operation, self.key, "no such object or upload")
        number = getattr(error, "errno", None) or (errno.EEXIST if isinstance(error, FileExistsError) else 0)
        kind: type[StorageError] = Unavailable
        message = f"the filesystem failed ({os.strerror(number) if number in errno.errorcode else what}); try again"
        if isinstance(error, OSError) and number in _ERRNO:
            kind, message = _ERRNO[number], f"the filesystem refuses: {os.strerror(number)}"
        elif isinstance(error, PermissionError) or _REFUSED & {base.__name__ for base in type(error).__mro__}:
            kind, message = Denied, f"the filesystem refuses ({what}); check storage_options and the permissions"
        elif isinstance(error, NotImplementedError):
            kind, message = Unsupported, f"this filesystem cannot do what {self.operation} needs ({what})"
        elif isinstance(error, TypeError | ValueError | ImportError):
            kind, message = ConfigError, f"fsspec refuses ({what}); check protocol and storage_options, and its package"
        return failure(kind, self.operation, self.key, message)
