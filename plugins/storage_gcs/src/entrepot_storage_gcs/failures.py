"""Translation of errors of Cloud Storage, google-auth and HTTP into errors of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar
from urllib.parse import urlsplit

import requests
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, InvalidOperation, RefreshError

from entrepot_contract import (
    ConfigError,
    Denied,
    IntegrityError,
    NoSpace,
    NotFound,
    StorageError,
    Throttled,
    Unavailable,
)

__all__ = ["NAME", "NO_BUCKET", "Call", "reported"]

NAME: Final = "gcs"

Kind = TypeVar("Kind", bound=StorageError)

NO_BUCKET: Final = "bucket does not exist"

_THROTTLING: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_QUOTA: Final = frozenset({"quotaExceeded", "insufficientStorage", "storageQuotaExceeded"})
_CHECKSUMS: Final = ("crc32c", "md5")


@dataclass(frozen=True, slots=True)
class Call:
    """The operation and the key that a request belongs to."""

    operation: str
    key: str | None
    bucket: str

    def failure(self, kind: type[Kind], message: str) -> Kind:
        return kind(message, driver=NAME, operation=self.operation, key=self.key)

    def refused(self, answer: requests.Response) -> StorageError:
        """Return the error for a response with a status of 400 or above."""
        code, reason = reported(answer)
        message = f"Cloud Storage returned {answer.status_code} {code}: {reason}"
        if request := answer.headers.get("X-GUploader-UploadID"):
            message = f"{message} (request {request})"
        if answer.status_code == 429 or code in _THROTTLING:
            return self._throttled(answer, message)
        if code in _QUOTA:
            return self.failure(NoSpace, f"{message}; increase the quota")
        if answer.status_code in {401, 403}:
            return self.failure(
                Denied, f"{message}; grant the service account the role Storage Object User on bucket {self.bucket!r}"
            )
        if answer.status_code == 404:
            return self._missing(answer, message)
        if answer.status_code == 400 and any(name in reason.lower() for name in _CHECKSUMS):
            return self.failure(IntegrityError, f"{message}; the data was damaged in transit, send it again")
        if answer.status_code in {408, 409} or answer.status_code >= 500:
            return self.failure(Unavailable, message)
        return self.failure(StorageError, message)

    def broken(self, error: Exception) -> StorageError:
        """Return the error for an exception of requests, urllib3 or google-auth."""
        if isinstance(error, InvalidOperation):
            return self.failure(Denied, "Cloud Storage requires credentials; set 'keyfile' or 'credentials'")
        if isinstance(error, DefaultCredentialsError):
            return self.failure(
                ConfigError, "no credentials; set 'keyfile' or 'credentials', or configure the default credentials"
            )
        if isinstance(error, RefreshError) and not error.retryable:
            return self.failure(
                Denied,
                f"Google issued no access token: {error.args[0] if error.args else error}; "
                "check the key of the service account, and this machine's clock",
            )
        what = "its token server" if isinstance(error, GoogleAuthError) else "Cloud Storage"
        return self.failure(Unavailable, f"no response from {what}: {_innermost(error)}")

    def _missing(self, answer: requests.Response, message: str) -> StorageError:
        # A request without an object name can only miss the bucket; for others, the message decides.
        if urlsplit(answer.url).path.endswith(f"/b/{self.bucket}/o") or NO_BUCKET in message:
            return self.failure(
                ConfigError, f"{message}; there is no bucket {self.bucket!r}: create it, or correct 'bucket'"
            )
        return self.failure(NotFound, "no such object")

    def _throttled(self, answer: requests.Response, message: str) -> Throttled:
        after = answer.headers.get("Retry-After", "")
        return Throttled(
            message,
            driver=NAME,
            operation=self.operation,
            key=self.key,
            retry_after=timedelta(seconds=int(after)) if after.isdigit() else None,
        )


def reported(answer: requests.Response) -> tuple[str, str]:
    """Return the backend's error code and message; a response to a download contains text instead of JSON."""
    try:
        error = answer.json()["error"]
        return str(error["errors"][0]["reason"]), str(error["message"])
    except (ValueError, LookupError, TypeError):
        return answer.reason or "", answer.text[:200].strip()


def _innermost(error: BaseException) -> str:
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return f"{type(error).__name__}: {error}"
