"""Driver options for the S3 servers of the tests."""

from __future__ import annotations

from typing import Protocol
from uuid import uuid4

__all__ = ["S3Server", "s3_options"]


class S3Server(Protocol):
    """An S3 server on 127.0.0.1."""

    port: int
    endpoint: str
    region: str
    access_key: str
    secret_key: str

    def bucket(self, name: str) -> str:
        """Create a bucket and return its name."""


def s3_options(server: S3Server, *, bucket: str | None = None, port: int | None = None) -> dict[str, object]:
    """Return the options of the driver ``s3`` for a new bucket. ``port`` is that of a proxy in front of the server."""
    return {
        "regionendpoint": server.endpoint if port is None else server.endpoint.replace(str(server.port), str(port)),
        "region": server.region,
        "bucket": server.bucket(bucket or f"tests-{uuid4()}"),
        "accesskey": server.access_key,
        "secretkey": server.secret_key,
    }
