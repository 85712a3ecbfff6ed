"""What Azure's errors mean in the contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Final, TypeVar

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from entrepot_contract import (
    ConfigError,
    Denied,
    IntegrityError,
    InvalidKey,
    NoSpace,
    NotFound,
    RangeError,
    StorageError,
    Throttled,
    Unavailable,
)

__all__ = ["NAME", "Reporting", "code_of", "failure", "failure_of", "refusal"]

NAME: Final = "azure"

Kind = TypeVar("Kind", bound=StorageError)

_BY_CODE: Final[dict[str, tuple[type[StorageError], str]]] = {
    "ContainerNotFound": (ConfigError, "there is no such container: create it, or set `container` right"),
    "ContainerBeingDeleted": (Unavailable, "the container is being deleted"),
    "ContainerDisabled": (Denied, "the container is disabled"),
    "BlobNotFound": (NotFound, "no such object"),
    "ResourceNotFound": (NotFound, "no such object"),
    "CannotVerifyCopySource": (NotFound, "no such object to copy from"),
    "InvalidRange": (RangeError, "the range begins past the end of the object"),
    "Md5Mismatch": (IntegrityError, "the bytes changed on their way; send them again"),
    "Crc64Mismatch": (IntegrityError, "the bytes changed on their way; send them again"),
    "BlobOverwritten": (Unavailable, "the object was replaced while it was read; read again"),
    "ConditionNotMet": (Unavailable, "the object was replaced meanwhile; try again"),
    "InvalidResourceName": (InvalidKey, "Azure takes no such name"),
    "InvalidUri": (InvalidKey, "Azure takes no such name"),
}
_DENIED: Final = (
    "Azure refuses: check the key, secret or role, the clock of this machine (15 minutes off are too many), "
    "and the account's firewall"
)
_BY_STATUS: Final[dict[int, tuple[type[StorageError], str]]] = {
    401: (Denied, _DENIED),
    403: (Denied, _DENIED),
    404: (NotFound, "no such object"),
    408: (Unavailable, "Azure gave up waiting"),
    413: (NoSpace, "Azure takes no body of this size"),
    429: (Throttled, "Azure asks to be called less often"),
    503: (Throttled, "Azure asks to be called less often"),
    507: (NoSpace, "the account is full"),
}


def failure(kind: type[Kind], operation: str, key: str | None, message: str) -> Kind:
    return kind(message, driver=NAME, operation=operation, key=key)


def code_of(error: AzureError) -> str:
    """Azure's own code for an error; empty where none came with it."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def refusal(status: int, code: str, request: str, operation: str, key: str | None, wait: str = "") -> StorageError:
    """The contract's error for an answer of Azure."""
    kind, sentence = _BY_CODE.get(code) or _BY_STATUS.get(status) or (_of(status), "Azure failed")
    message = f"{sentence} ({status} {code or 'without a code'}, request {request or 'unknown'})"
    if kind is Throttled:
        after = timedelta(seconds=int(wait)) if wait.isdigit() else None
        return Throttled(message, driver=NAME, operation=operation, key=key, retry_after=after)
    return failure(kind, operation, key, message)


def _of(status: int) -> type[StorageError]:
    return Unavailable if status >= 500 else StorageError


def failure_of(error: Exception, operation: str, key: str | None) -> StorageError:
    """The contract's error for one that the SDK raised."""
    if isinstance(error, HttpResponseError) and error.response is not None and error.status_code is not None:
        headers: Mapping[str, str] = getattr(error.response, "headers", {})
        request, wait = headers.get("x-ms-request-id", ""), headers.get("Retry-After", "")
        return refusal(error.status_code, code_of(error), request, operation, key, wait)
    if isinstance(error, ClientAuthenticationError):
        return failure(Denied, operation, key, f"no token was given: {_first_line(error)}")
    # What requests says holds the whole URL, and that a signature, where the credential is one.
    return failure(Unavailable, operation, key, f"Azure cannot be reached, or broke off: {type(error).__name__}")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def cause_of(error: Exception) -> Exception | None:
    """The error to chain, or None where its text holds a signature."""
    return None if "sig=" in f"{error} {error.__cause__} {error.__context__}" else error


class Reporting:
    """Turns the SDK's errors inside a ``with`` into the contract's; can be entered again and again."""

    __slots__ = ("key", "operation")

    def __init__(self, operation: str, key: str | None = None) -> None:
        self.operation, self.key = operation, key

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, AzureError):
            raise failure_of(error, self.operation, self.key) from cause_of(error)
