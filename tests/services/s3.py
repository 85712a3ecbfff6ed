"""An entrepot configuration for the S3 server of the tests."""

from __future__ import annotations

from uuid import uuid4

from services.ceph import Ceph

__all__ = ["s3_options"]


def s3_options(ceph: Ceph, *, port: int | None = None) -> dict[str, object]:
    """The options of the driver ``s3`` for a new bucket; ``port`` is that of a proxy before the server."""
    return {
        "regionendpoint": ceph.endpoint if port is None else ceph.endpoint.replace(str(ceph.port), str(port)),
        "region": ceph.region,
        "bucket": ceph.bucket(f"tests-{uuid4()}"),
        "accesskey": ceph.access_key,
        "secretkey": ceph.secret_key,
    }
