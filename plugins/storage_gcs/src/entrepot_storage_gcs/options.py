"""The options, with the names used by Docker Distribution where it has them."""

from __future__ import annotations

from typing import Self

from pydantic import Field, Secret, model_validator

from entrepot_contract import DriverOptions

__all__ = ["GcsOptions"]


class GcsOptions(DriverOptions):
    """``storage.gcs`` of the configuration."""

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$", description="The bucket, which must exist.")
    keyfile: str | None = Field(
        default=None,
        min_length=1,
        description="JSON file with a service account key. Without it and ``credentials``: default credentials.",
    )
    credentials: Secret[dict[str, object]] | None = Field(
        default=None,
        description="The content of such a file, inline.",
    )
    rootdirectory: str = Field(default="", pattern=r"^[^\x00-\x1f]*$", description="Prefix of all names.")
    chunksize: int = Field(default=8 * 2**20, ge=2**18, le=2**28, description="Part size of uploads, in bytes.")
    maxconcurrency: int = Field(
        default=50,
        ge=1,
        description="Maximum number of concurrent delete and compose requests per process.",
    )
    uploadconcurrency: int = Field(
        default=8,
        ge=1,
        le=64,
        description="Maximum number of parts sent concurrently per process; each takes ``chunksize`` bytes of memory.",
    )
    useragent: str = Field(default="", pattern=r"^[\x20-\x7e]*$", description="Prefix of the User-Agent header.")
    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s?#@]+$",
        description="Another endpoint. One with http:// is an emulator and is used without default credentials.",
    )
    connecttimeout: float = Field(default=5, gt=0, description="Timeout for connecting, in seconds.")
    readtimeout: float = Field(default=30, gt=0, description="Timeout for receiving further data, in seconds.")

    @model_validator(mode="after")
    def _one_kind_of_credentials(self) -> Self:
        if self.keyfile is not None and self.credentials is not None:
            raise ValueError("set 'keyfile' or 'credentials', not both")
        return self
