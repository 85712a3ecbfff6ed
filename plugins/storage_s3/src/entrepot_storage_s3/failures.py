"""What the errors of S3, of the SDK and of HTTP mean in the contract."""

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
_WRONG: Final[Meaning] = (ConfigError, "make the bucket, or correct the options bucket, region and regionendpoint")
_DENIED: Final[Meaning] = (
    Denied,
    "check accesskey and secretkey, this machine's clock, and what the key is allowed in the bucket",
)
_BUSY: Final[Meaning] = (Throttled, "try again, later or less often")
_FULL: Final[Meaning] = (NoSpace, "free space, or raise the quota")
_DAMAGED: Final[Meaning] = (IntegrityError, "the bytes were damaged on their way; send them again")
_AGAIN: Final[Meaning] = (Unavailable, "try again")
_LACKING: Final[Meaning] = (Unsupported, "this server lacks what the driver needs; use another one, or a newer version")

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
    # Told before anything was done, so that a CREATE too can be made again.
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
    # What Ceph says of an object that is written while it is deleted.
    "UnknownError": _AGAIN,
    "NotImplemented": _LACKING,
    "KeyTooLongError": (InvalidKey, "with rootdirectory before it the name is longer than S3 takes"),
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
    """An error of this driver."""
    return kind(message, driver=NAME, operation=operation, key=key)


def refused_key(code: str, said: str, operation: str, key: str) -> StorageError:
    """What it means that a request for many keys was refused for one of them."""
    kind, hint = _BY_CODE.get(code) or (StorageError, "")
    message = f"S3 answered {code}: {said}"
    return failure(kind, operation, key, f"{message}; {hint}" if hint else message)


def code_of(error: ClientError) -> str:
    """S3's own name for an error; the HTTP status where it sent none, as in every answer to HEAD."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_lacking(error: BaseException | None) -> bool:
    """Whether a server says that it does not implement what it was asked."""
    if not isinstance(error, ClientError):
        return False
    return code_of(error) == "NotImplemented" or error.response["ResponseMetadata"]["HTTPStatusCode"] in {405, 501}


_ESCAPING: Final = (BotoCoreError, ClientError, ResponseParserError, OSError, ValueError)
"""What the SDK raises; the last two where it reads files, and runs programs, that give credentials."""

_UNREADABLE: Final = (
    "the SDK cannot use its own configuration, credentials or token; correct the files that AWS_CONFIG_FILE, "
    "AWS_SHARED_CREDENTIALS_FILE and AWS_WEB_IDENTITY_TOKEN_FILE name, or set accesskey and secretkey"
)


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
        if isinstance(error, _ESCAPING) and not isinstance(error, StorageError):
            raise self.meaning(error) from error

    def meaning(self, error: Exception) -> StorageError:
        """What an error of the SDK, or of the connection below it, means."""
        if isinstance(error, ClientError):
            return _refusal(error, self.operation, self.key)
        # The SDK's sentences can hold a whole URL: its name for the failure says enough, and the cause is chained.
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
                kind, message = ConfigError, f"the SDK refuses to ask: {error}"
            case EndpointError() | HTTPClientError() | IncompleteReadError() | ResponseParserError() | OSError():
                kind, message = Unavailable, f"the endpoint gave no whole answer in time ({what}); try again"
            case _:
                kind, message = StorageError, f"the SDK failed ({what})"
        return failure(kind, self.operation, self.key, message)


def _refusal(error: ClientError, operation: str, key: str | None) -> StorageError:
    answer = error.response.get("ResponseMetadata", {})
    status = answer.get("HTTPStatusCode", 0)
    code = code_of(error)
    kind, hint = _BY_CODE.get(code) or _BY_STATUS.get(status) or (_AGAIN if status >= 500 else (StorageError, ""))
    message = f"S3 answered {status}" if code == str(status) else f"S3 answered {status} {code}"
    if said := error.response.get("Error", {}).get("Message"):
        message = f"{message}: {said}"
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
