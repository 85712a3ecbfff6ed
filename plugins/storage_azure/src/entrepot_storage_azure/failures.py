"""Translation of Azure's errors into errors of the contract."""

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
    "ContainerNotFound": (
        ConfigError,
        "there is no container {container!r}: create it, or correct the option `container`",
    ),
    "ContainerBeingDeleted": (Unavailable, "the container {container!r} is being deleted"),
    "ContainerDisabled": (Denied, "the container {container!r} is disabled"),
    "BlobNotFound": (NotFound, "no such object"),
    "ResourceNotFound": (NotFound, "no such object"),
    "InvalidRange": (RangeError, "the range starts past the end of the object"),
    "Md5Mismatch": (IntegrityError, "the data was damaged in transit; send it again"),
    "Crc64Mismatch": (IntegrityError, "the data was damaged in transit; send it again"),
    "BlobOverwritten": (Unavailable, "the object was replaced while it was read; retry the read"),
    "ConditionNotMet": (Unavailable, "the object was replaced meanwhile; retry"),
    "InvalidResourceName": (InvalidKey, "Azure does not accept the name"),
    "InvalidUri": (InvalidKey, "Azure does not accept the name"),
}
_DENIED: Final = (
    "Azure denies access: check the key, secret or role, the clock of this machine (at most 15 minutes off), "
    "and the account's firewall"
)
_BY_STATUS: Final[dict[int, tuple[type[StorageError], str]]] = {
    401: (Denied, _DENIED),
    403: (Denied, _DENIED),
    404: (NotFound, "no such object"),
    408: (Unavailable, "the request timed out in Azure"),
    413: (NoSpace, "the body is too large for Azure"),
    429: (Throttled, "Azure limits the request rate"),
    503: (Throttled, "Azure limits the request rate"),
    507: (NoSpace, "the account is full"),
}


def failure(kind: type[Kind], operation: str, key: str | None, message: str) -> Kind:
    return kind(message, driver=NAME, operation=operation, key=key)


def code_of(error: AzureError) -> str:
    """Return Azure's error code, or an empty text if there is none."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def refusal(
    status: int, headers: Mapping[str, str], container: str, operation: str, key: str | None, code: str = ""
) -> StorageError:
    """Return the contract's error for a response of Azure."""
    code = code or headers.get("x-ms-error-code", "")
    other = (Unavailable if status >= 500 else StorageError, "Azure failed")
    kind, sentence = _BY_CODE.get(code) or _BY_STATUS.get(status, other)
    request = headers.get("x-ms-request-id", "unknown")
    message = f"{sentence.format(container=container)} ({status} {code or 'no code'}, request {request})"
    wait = headers.get("Retry-After", "")
    if kind is Throttled and wait.isdigit():
        return Throttled(message, driver=NAME, operation=operation, key=key, retry_after=timedelta(seconds=int(wait)))
    return failure(kind, operation, key, message)


def failure_of(error: Exception, container: str, operation: str, key: str | None) -> StorageError:
    """Return the contract's error for an exception of the SDK."""
    if isinstance(error, HttpResponseError) and error.response is not None and error.status_code is not None:
        headers: Mapping[str, str] = getattr(error.response, "headers", {})
        return refusal(error.status_code, headers, container, operation, key, code_of(error))
    if isinstance(error, ClientAuthenticationError):
        return failure(Denied, operation, key, f"no token was issued: {str(error).partition(chr(10))[0][:200]}")
    # The text before the cause may contain the complete URL, with a signature if the credential is one.
    reason = str(error).rpartition("Caused by ")[2][:300]
    shown = type(error).__name__ if _holds_signature(reason) else reason
    return failure(Unavailable, operation, key, f"Azure is unreachable, or closed the connection: {shown}")


def _holds_signature(text: str) -> bool:
    return "sig=" in text


class Reporting:
    """Context manager that translates the SDK's exceptions into those of the contract; reusable."""

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
