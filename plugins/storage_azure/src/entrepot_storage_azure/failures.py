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
    "ContainerNotFound": (ConfigError, "there is no container {container!r}: create it, or set `container` right"),
    "ContainerBeingDeleted": (Unavailable, "the container {container!r} is being deleted"),
    "ContainerDisabled": (Denied, "the container {container!r} is disabled"),
    "BlobNotFound": (NotFound, "no such object"),
    "ResourceNotFound": (NotFound, "no such object"),
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


def refusal(
    status: int, headers: Mapping[str, str], container: str, operation: str, key: str | None, code: str = ""
) -> StorageError:
    """The contract's error for an answer of Azure."""
    code = code or headers.get("x-ms-error-code", "")
    other = (Unavailable if status >= 500 else StorageError, "Azure failed")
    kind, sentence = _BY_CODE.get(code) or _BY_STATUS.get(status, other)
    request = headers.get("x-ms-request-id", "unknown")
    message = f"{sentence.format(container=container)} ({status} {code or 'without a code'}, request {request})"
    wait = headers.get("Retry-After", "")
    if kind is Throttled and wait.isdigit():
        return Throttled(message, driver=NAME, operation=operation, key=key, retry_after=timedelta(seconds=int(wait)))
    return failure(kind, operation, key, message)


def failure_of(error: Exception, container: str, operation: str, key: str | None) -> StorageError:
    """The contract's error for one that the SDK raised."""
    if isinstance(error, HttpResponseError) and error.response is not None and error.status_code is not None:
        headers: Mapping[str, str] = getattr(error.response, "headers", {})
        return refusal(error.status_code, headers, container, operation, key, code_of(error))
    if isinstance(error, ClientAuthenticationError):
        return failure(Denied, operation, key, f"no token was given: {str(error).partition(chr(10))[0][:200]}")
    # Before its cause the text can hold the whole URL, and that a signature, where the credential is one.
    reason = str(error).rpartition("Caused by ")[2][:300]
    told = type(error).__name__ if _holds_signature(reason) else reason
    return failure(Unavailable, operation, key, f"Azure cannot be reached, or broke off: {told}")


def _holds_signature(text: str) -> bool:
    return "sig=" in text


class Reporting:
    """Turns the SDK's errors inside a ``with`` into the contract's; can be entered again and again."""

    __slots__ = ("container", "key", "operation")

    def __init__(self, container: str, operation: str, key: str | None = None) -> None:
        self.container, self.operation, self.key = container, operation, key

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, AzureError):
            signed = _holds_signature(f"{error} {error.__cause__} {error.__context__}")
            raise failure_of(error, self.container, self.operation, self.key) from None if signed else error
