"""The options, with the names used by Docker Distribution."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from entrepot_contract import DriverOptions

__all__ = ["MIN_PART", "S3Options"]

MIN_PART: Final = 5 * 2**20
"""Minimum size of every part but the last, in bytes (Amazon S3, "Multipart upload limits")."""

_LARGEST_COPY: Final = 5 * 2**30

_NOTHING: Final = "Accepted for compatibility with Distribution, but ignored"

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

    bucket: str = Field(min_length=1, description="The bucket, which must exist.")
    rootdirectory: str = Field(default="", max_length=100, description="Prefix of the names of all objects.")

    region: str = Field(default="", description="The region; by default, that of the SDK's own configuration.")
    regionendpoint: str = Field(default="", description="The URL of an S3-compatible server other than Amazon's.")
    redirectendpoint: str = Field(default="", description="The base of signed URLs, if clients use another URL.")
    forcepathstyle: bool | None = Field(
        default=None, description="Put the bucket in the path, not in the host name; default: if regionendpoint is set."
    )
    secure: bool = Field(default=True, description="Use HTTPS if the endpoint has no scheme.")
    skipverify: bool = Field(default=False, description="Accept any TLS certificate.")
    usedualstack: bool = Field(default=False, description="Use Amazon's dual-stack endpoints (IPv4 and IPv6).")
    usefipsendpoint: bool = Field(default=False, description="Use Amazon's FIPS endpoints.")
    accelerate: bool = Field(default=False, description="Use Amazon's transfer acceleration.")
    useragent: str = Field(default="", description="Text to append to the User-Agent header.")

    accesskey: str = Field(default="", description="The access key id; by default, the SDK's credential chain is used.")
    secretkey: SecretStr = Field(default=SecretStr(""), description="The secret access key.")
    sessiontoken: SecretStr = Field(default=SecretStr(""), description="The session token of temporary credentials.")

    encrypt: bool = Field(default=False, description="Request encryption at rest.")
    keyid: str = Field(default="", description="The KMS key for encryption; by default, the server's own key.")
    storageclass: StorageClass = Field(default="STANDARD", description="The storage class; NONE sends none.")
    objectacl: Acl = Field(default="private", description="The canned ACL of new objects.")

    chunksize: int = Field(default=MIN_PART, ge=MIN_PART, le=512 * 2**20, description="Part size of uploads.")
    uploadconcurrency: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Maximum number of parts sent concurrently by all uploads; held in memory.",
    )
    multipartcopychunksize: int = Field(
        default=32 * 2**20, ge=MIN_PART, le=_LARGEST_COPY // 2, description="Part size of copies."
    )
    multipartcopymaxconcurrency: int = Field(
        default=100, ge=1, le=100, description="Maximum number of parts copied concurrently."
    )
    multipartcopythresholdsize: int | None = Field(
        default=None, ge=0, le=_LARGEST_COPY, description="Maximum size of an object that is copied with one request."
    )

    connecttimeout: float = Field(default=5, gt=0, le=60, description="Timeout for connecting.")
    readtimeout: float = Field(default=30, gt=0, le=600, description="Timeout for receiving further data.")

    v4auth: Literal[True] = Field(default=True, description=f"{_NOTHING}: every request is signed with version 4.")
    loglevel: str = Field(default="off", description=f"{_NOTHING}: the SDK's own log would contain signed data.")

    @property
    def copy_threshold(self) -> int:
        """Amazon copies faster in parts; other servers copy by reference (Ceph), or locally."""
        if self.multipartcopythresholdsize is not None:
            return self.multipartcopythresholdsize
        return 2**30 if self.regionendpoint else 32 * 2**20

    @model_validator(mode="after")
    def _keys_come_together(self) -> Self:
        if bool(self.accesskey) != bool(self.secretkey.get_secret_value()):
            raise ValueError(
                "accesskey and secretkey must be set together: set both, or none to use the SDK's credential chain"
            )
        if self.sessiontoken.get_secret_value() and not self.accesskey:
            raise ValueError("sessiontoken requires accesskey and secretkey: set them too")
        return self
