"""Translation of errors of S3, of the SDK and of HTTP into errors of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Final, TypeVar
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    InvalidConfigError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as EndpointError
from botocore.parsers import ResponseParserError

from entrepot_contract import (
    ConfigError,
    Denied,
    IntegrityError,
    InvalidKey,
    NoSpace,
    NotFound,
    StorageError,
    Throttled,
    Unavailable,
    Unsupported,
)

__all__ = ["NAME", "Reporting", "code_of", "failure", "is_lacking", "refused_key"]

NAME: Final = "s3"

Kind = TypeVar("Kind", bound=StorageError)
Meaning = tuple[type[StorageError], str]

_MISSING: Final[Meaning] = (NotFound, "no such object")
_WRONG: Final[Meaning] = (ConfigError, "create the bucket, or correct the options bucket, region and regionendpoint")
_DENIED: Final[Meaning] = (
    Denied,
    "check accesskey and secretkey, this machine's clock, and the key's permissions for the bucket",
)
_BUSY: Final[Meaning] = (Throttled, "retry later or less often")
_FULL: Final[Meaning] = (NoSpace, "free space, or raise the quota")
_DAMAGED: Final[Meaning] = (IntegrityError, "the data was damaged in transit; send it again")
_AGAIN: Final[Meaning] = (Unavailable, "retry")
_LACKING: Final[Meaning] = (
    Unsupported,
    "the server does not support a feature that the driver requires; use another server, or a newer version",
)

_BY_CODE: Final[Mapping[str, Meaning]] = {
    "NoSuchKey": _MISSING,
    "NoSuchBucket": _WRONG,
    "InvalidBucketName": _WRONG,
    "PermanentRedirect": _WRONG,
    "IllegalLocationConstraintException": _WRONG,
    "AuthorizationHeaderMalformed": _WRONG,
    "SlowDown": _BUSY,
    "Throttling": _BUSY,
    "RequestLimitExceeded": _BUSY,
    # Reported before anything was done, so that a CREATE can be retried as well.
    "ConditionalRequestConflict": _BUSY,
    "OperationAborted": _BUSY,
    "QuotaExceeded": _FULL,
    "InsufficientCapacity": _FULL,
    "XMinioStorageFull": _FULL,
    "BadDigest": _DAMAGED,
    "InvalidDigest": _DAMAGED,
    "XAmzContentSHA256Mismatch": _DAMAGED,
    "RequestTimeout": _AGAIN,
    "InternalError": _AGAIN,
    "ServiceUnavailable": _AGAIN,
    # Ceph returns this for an object that is written while it is deleted.
    "UnknownError": _AGAIN,
    "NotImplemented": _LACKING,
    "KeyTooLongError": (InvalidKey, "with rootdirectory, the name is too long for S3"),
    "InvalidToken": _DENIED,
    "ExpiredToken": _DENIED,
}

_BY_STATUS: Final[Mapping[int, Meaning]] = {
    301: _WRONG,
    401: _DENIED,
    403: _DENIED,
    404: _MISSING,
    405: _LACKING,
    429: _BUSY,
    501: _LACKING,
    507: _FULL,
}


def failure(kind: type[Kind], operation: str, key: str | None, message: str) -> Kind:
    """Return an error of this driver."""
    return kind(message, driver=NAME, operation=operation, key=key)


def refused_key(code: str, message: str, operation: str, key: str) -> StorageError:
    """Return the error for one key of a request for several."""
    kind, hint = _BY_CODE.get(code) or (StorageError, "")
    message = f"S3 returned {code}: {message}"
    return failure(kind, operation, key, f"{message}; {hint}" if hint else message)


def code_of(error: ClientError) -> str:
    """Return S3's error code, or the HTTP status if there is none, as in every response to HEAD."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_lacking(error: BaseException | None) -> bool:
    """Return whether a server reports that it does not implement a request."""
    if not isinstance(error, ClientError):
        return False
    return code_of(error) == "NotImplemented" or error.response["ResponseMetadata"]["HTTPStatusCode"] in {405, 501}


_ESCAPING: Final = (BotoCoreError, ClientError, ResponseParserError, KeyError, OSError, ValueError)
"""Exceptions of the SDK; the last two are raised when it reads credential files or runs credential programs.

KeyError: a header is missing, because the connection ended within the headers, which the HTTP library does not notice.
"""

_UNREADABLE: Final = (
    "the SDK cannot use its own configuration, credentials or token; correct the files that AWS_CONFIG_FILE, "
    "AWS_SHARED_CREDENTIALS_FILE and AWS_WEB_IDENTITY_TOKEN_FILE name, or set accesskey and secretkey"
)


class Reporting:
    """Context manager that translates the SDK's exceptions into those of the contract; reusable."""

    __slots__ = ("key", "operation")

    def __init__(self, operation: str, key: str | None = None) -> None:
        self.operation, self.key = operation, key

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, _ESCAPING) and not isinstance(error, StorageError):
            raise self.meaning(error) from error

    def meaning(self, error: Exception) -> StorageError:
        """Return the contract's error for an exception of the SDK or of the connection."""
        if isinstance(error, ClientError):
            return _refusal(error, self.operation, self.key)
        # Messages of the SDK may contain complete URLs, so only the class name is used; the cause is chained.
        what = type(error).__name__
        kind: type[StorageError]
        match error:
            case NoCredentialsError() | PartialCredentialsError() | CredentialRetrievalError() | TokenRetrievalError():
                kind, message = Denied, f"no credentials ({what}); set accesskey and secretkey, or the SDK's own chain"
            case NoRegionError():
                kind, message = ConfigError, "no region; set the option region"
            case ConfigParseError() | InvalidConfigError() | ProfileNotFound():
                kind, message = ConfigError, f"the SDK's own configuration cannot be used: {error}; correct it"
            case OSError() if error.filename:
                what = f"{error.filename}: {error.strerror}"
                kind, message = Denied, f"no credentials: {what}; correct the SDK's own configuration, or the file"
            case ValueError():
                kind, message = ConfigError, f"{_UNREADABLE} ({what})"
            case ParamValidationError():
                kind, message = ConfigError, f"the SDK rejects the request: {error}"
            case KeyError():
                kind, message = Unavailable, f"the response ended within its headers ({error} is missing); retry"
            case EndpointError() | HTTPClientError() | IncompleteReadError() | ResponseParserError() | OSError():
                kind, message = Unavailable, f"no complete response from the endpoint in time ({what}); retry"
            case _:
                kind, message = StorageError, f"the SDK failed ({what})"
        return failure(kind, self.operation, self.key, message)


def _refusal(error: ClientError, operation: str, key: str | None) -> StorageError:
    answer = error.response.get("ResponseMetadata", {})
    status = answer.get("HTTPStatusCode", 0)
    code = code_of(error)
    kind, hint = _BY_CODE.get(code) or _BY_STATUS.get(status) or (_AGAIN if status >= 500 else (StorageError, ""))
    message = f"S3 returned {status}" if code == str(status) else f"S3 returned {status} {code}"
    if text := error.response.get("Error", {}).get("Message"):
        message = f"{message}: {text}"
    if request := answer.get("RequestId"):
        message = f"{message} [request {request}]"
    if 300 <= status < 400 and (place := urlsplit(answer.get("HTTPHeaders", {}).get("location", ""))).netloc:
        kind, hint = ConfigError, f"it redirects to {place.scheme}://{place.netloc}; correct the option regionendpoint"
    if hint:
        message = f"{message}; {hint}"
    if kind is Throttled:
        wanted = answer.get("HTTPHeaders", {}).get("retry-after", "")
        after = timedelta(seconds=int(wanted)) if wanted.isdigit() else None
        return Throttled(message, driver=NAME, operation=operation, key=key, retry_after=after)
    return failure(kind, operation, key, message)
