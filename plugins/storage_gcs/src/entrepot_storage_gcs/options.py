"""The options, by the names that Docker Distribution gives them where it has them."""

from __future__ import annotations

from typing import Self

from pydantic import Field, Secret, model_validator

from entrepot_contract import DriverOptions

__all__ = ["GcsOptions"]


class GcsOptions(DriverOptions):
    """``storage.gcs`` of the configuration."""

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$", description="The bucket; it must exist.")
    keyfile: str | None = Field(
        default=None,
        min_length=1,
        description="The file of a service account's key, in JSON. Without it and ``credentials``: the default ones.",
    )
    credentials: Secret[dict[str, object]] | None = Field(
        default=None,
        description="The content of such a file, in place.",
    )
    rootdirectory: str = Field(default="", pattern=r"^[^\x00-\x1f]*$", description="What all names begin with.")
    chunksize: int = Field(default=8 * 2**20, ge=2**18, le=2**28, description="Bytes of each part of an upload.")
    maxconcurrency: int = Field(
        default=50,
        ge=1,
        description="Deletes and composes that are on their way at once, in one process.",
    )
    uploadconcurrency: int = Field(
        default=8,
        ge=1,
        le=64,
        description="Parts that are on their way at once, in one process; each takes ``chunksize`` bytes of memory.",
    )
    useragent: str = Field(default="", pattern=r"^[\x20-\x7e]*$", description="Put before the driver's own name.")
    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s?#@]+$",
        description="Another endpoint. One of http:// is an emulator, and gets no default credentials.",
    )
    connecttimeout: float = Field(default=5, gt=0, description="Seconds until a connection must stand.")
    readtimeout: float = Field(default=30, gt=0, description="Seconds of silence after which an answer is given up.")

    @model_validator(mode="after")
    def _one_kind_of_credentials(self) -> Self:
        if self.keyfile is not None and self.credentials is not None:
            raise ValueError("give 'keyfile' or 'credentials', not both")
        return self
