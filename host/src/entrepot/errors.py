"""The errors sent to clients: Distribution's codes, messages and statuses, one class each.

distribution-spec, "Error Codes"; Distribution's registry/api/errcode for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

__all__ = [
    "AlgorithmUnsupported",
    "BlobUnknown",
    "BlobUploadInvalid",
    "BlobUploadUnknown",
    "DigestInvalid",
    "Forbidden",
    "ManifestBlobUnknown",
    "ManifestInvalid",
    "ManifestTooLarge",
    "ManifestUnknown",
    "NameInvalid",
    "NameUnknown",
    "PaginationNumberInvalid",
    "RangeInvalid",
    "RangeNotSatisfiable",
    "RegistryError",
    "RequestInvalid",
    "SizeInvalid",
    "StorageFull",
    "TagInvalid",
    "TooManyRequests",
    "TooManyTags",
    "Unauthorized",
    "Unavailable",
    "Unsupported",
]


class RegistryError(Exception):
    """An error response: its code, HTTP status and message, and optional details for the client.

    - ``detail`` is any JSON value, or None for no detail.
    - ``headers`` are added to the response.
    """

    code: ClassVar[str] = "UNKNOWN"
    status: ClassVar[int] = 500
    message: ClassVar[str] = "unknown error"

    def __init__(self, detail: object = None, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(self.message if detail is None else f"{self.message}: {detail}")
        self.detail = detail
        self.headers = headers or {}

    def as_json(self) -> dict[str, object]:
        """Returns the entry in the ``errors`` list of the response body."""
        entry: dict[str, object] = {"code": self.code, "message": self.message}
        if self.detail is not None:
            entry["detail"] = self.detail
        return entry


class BlobUnknown(RegistryError):  # noqa: N818 - these are the names of the specification's codes
    code, status, message = "BLOB_UNKNOWN", 404, "blob unknown to registry"


class BlobUploadInvalid(RegistryError):  # noqa: N818
    code, status, message = "BLOB_UPLOAD_INVALID", 404, "blob upload invalid"


class BlobUploadUnknown(RegistryError):  # noqa: N818
    code, status, message = "BLOB_UPLOAD_UNKNOWN", 404, "blob upload unknown to registry"


class DigestInvalid(RegistryError):  # noqa: N818
    code, status, message = "DIGEST_INVALID", 400, "provided digest did not match uploaded content"


class AlgorithmUnsupported(DigestInvalid):
    message = "unsupported digest algorithm"


class Forbidden(RegistryError):  # noqa: N818
    """The client is authenticated, but not allowed to do this."""

    code, status, message = "DENIED", 403, "requested access to the resource is denied"


class ManifestBlobUnknown(RegistryError):  # noqa: N818
    code, status, message = "MANIFEST_BLOB_UNKNOWN", 404, "manifest references a manifest or blob unknown to registry"


class ManifestInvalid(RegistryError):  # noqa: N818
    code, status, message = "MANIFEST_INVALID", 400, "manifest invalid"


class ManifestTooLarge(RegistryError):  # noqa: N818
    code, status, message = "MANIFEST_INVALID", 413, "manifest too large"


class ManifestUnknown(RegistryError):  # noqa: N818
    code, status, message = "MANIFEST_UNKNOWN", 404, "manifest unknown"


class NameInvalid(RegistryError):  # noqa: N818
    code, status, message = "NAME_INVALID", 400, "invalid repository name"


class NameUnknown(RegistryError):  # noqa: N818
    code, status, message = "NAME_UNKNOWN", 404, "repository name not known to registry"


class PaginationNumberInvalid(RegistryError):  # noqa: N818
    code, status, message = "PAGINATION_NUMBER_INVALID", 400, "invalid number of results requested"


class RangeInvalid(RegistryError):  # noqa: N818
    """A chunk of an upload is out of order; a GET of the upload returns its current offset."""

    code, status, message = "RANGE_INVALID", 416, "invalid content range"


class RangeNotSatisfiable(RegistryError):  # noqa: N818
    """A read begins past the end of the blob (RFC 9110, 15.5.17)."""

    code, status, message = "RANGE_INVALID", 416, "requested range not satisfiable"


class RequestInvalid(RegistryError):  # noqa: N818
    """The request breaks a rule of HTTP itself."""

    code, status, message = "UNSUPPORTED", 400, "malformed request"


class SizeInvalid(RegistryError):  # noqa: N818
    code, status, message = "SIZE_INVALID", 400, "provided length did not match content length"


class StorageFull(RegistryError):  # noqa: N818
    code, status, message = "UNAVAILABLE", 507, "the storage of the registry is full"


class TagInvalid(RegistryError):  # noqa: N818
    code, status, message = "TAG_INVALID", 400, "manifest tag did not match the grammar"


class TooManyRequests(RegistryError):  # noqa: N818
    code, status, message = "TOOMANYREQUESTS", 429, "too many requests"


class TooManyTags(RegistryError):  # noqa: N818
    code, status, message = "TAG_INVALID", 414, "too many tags in one request"


class Unauthorized(RegistryError):  # noqa: N818
    """The client is not authenticated; the header ``WWW-Authenticate`` describes how to authenticate."""

    code, status, message = "UNAUTHORIZED", 401, "authentication required"


class Unavailable(RegistryError):  # noqa: N818
    code, status, message = "UNAVAILABLE", 503, "service unavailable"


class Unsupported(RegistryError):  # noqa: N818
    code, status, message = "UNSUPPORTED", 405, "the operation is unsupported"
