"""The options, by the names that Docker Distribution gives them."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from entrepot_contract import DriverOptions

__all__ = ["MIN_PART", "S3Options"]

MIN_PART: Final = 5 * 2**20
"""The least size of every part but the last, in bytes (Amazon S3, "Multipart upload limits")."""

_LARGEST_COPY: Final = 5 * 2**30

_NOTHING: Final = "Taken so that Distribution's configuration works; does nothing"

Acl = Literal[
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
]
StorageClass = Literal[
    "NONE",
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "OUTPOSTS",
    "GLACIER_IR",
]


class S3Options(DriverOptions):
    """``storage.s3`` of the configuration; sizes are in bytes, times in seconds."""

    bucket: str = Field(min_length=1, description="The bucket; it must exist.")
    rootdirectory: str = Field(default="", max_length=100, description="What the names of all objects begin with.")

    region: str = Field(default="", description="The region; without it, the one of the SDK's own configuration.")
    regionendpoint: str = Field(default="", description="The URL of a server that speaks S3, where it is not Amazon's.")
    redirectendpoint: str = Field(default="", description="The URL that signed URLs begin with, as clients reach it.")
    forcepathstyle: bool | None = Field(
        default=None, description="The bucket in the path and not in the host; by default where regionendpoint is set."
    )
    secure: bool = Field(default=True, description="HTTPS, where the endpoint is no URL with a scheme of its own.")
    skipverify: bool = Field(default=False, description="Take any TLS certificate.")
    usedualstack: bool = Field(default=False, description="Amazon's endpoints that answer on IPv6 too.")
    usefipsendpoint: bool = Field(default=False, description="Amazon's FIPS endpoints.")
    accelerate: bool = Field(default=False, description="Amazon's transfer acceleration.")
    useragent: str = Field(default="", description="What is added to the User-Agent header.")

    accesskey: str = Field(default="", description="The key's id; without it, the SDK's chain of credentials.")
    secretkey: SecretStr = Field(default=SecretStr(""), description="The key.")
    sessiontoken: SecretStr = Field(default=SecretStr(""), description="The token of a key that ends.")

    encrypt: bool = Field(default=False, description="Ask for encryption at rest.")
    keyid: str = Field(default="", description="The KMS key to encrypt with; without it, the store's own.")
    storageclass: StorageClass = Field(default="STANDARD", description="The storage class; NONE names none.")
    objectacl: Acl = Field(default="private", description="The canned ACL of what is written.")

    chunksize: int = Field(default=MIN_PART, ge=MIN_PART, le=512 * 2**20, description="The size of an upload's parts.")
    uploadconcurrency: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Parts on their way at once, whatever the number of uploads; held in memory.",
    )
    multipartcopychunksize: int = Field(
        default=32 * 2**20, ge=MIN_PART, le=_LARGEST_COPY // 2, description="The size of a copy's parts."
    )
    multipartcopymaxconcurrency: int = Field(default=100, ge=1, le=100, description="Parts that are copied at once.")
    multipartcopythresholdsize: int | None = Field(
        default=None, ge=0, le=_LARGEST_COPY, description="Up to here an object is copied by one request."
    )

    connecttimeout: float = Field(default=5, gt=0, le=60, description="How long to wait for a connection.")
    readtimeout: float = Field(default=30, gt=0, le=600, description="How long to wait for the next bytes.")

    v4auth: Literal[True] = Field(default=True, description=f"{_NOTHING}: every request is signed with version 4.")
    loglevel: str = Field(default="off", description=f"{_NOTHING}: the SDK's own log would show what is signed.")

    @property
    def copy_threshold(self) -> int:
        """Amazon copies in parts the faster; others copy by reference (Ceph), or in one place."""
        if self.multipartcopythresholdsize is not None:
            return self.multipartcopythresholdsize
        return 2**30 if self.regionendpoint else 32 * 2**20

    @model_validator(mode="after")
    def _keys_come_together(self) -> Self:
        if bool(self.accesskey) != bool(self.secretkey.get_secret_value()):
            raise ValueError("accesskey and secretkey come together: set both, or none for the SDK's own chain")
        if self.sessiontoken.get_secret_value() and not self.accesskey:
            raise ValueError("sessiontoken belongs to accesskey and secretkey: set them too")
        return self
