"""Whether a server creates an object only where there is none."""

from __future__ import annotations

from threading import Lock
from typing import Final

from botocore.exceptions import ClientError

from entrepot_contract import AlreadyExists, StorageError
from entrepot_contract.rooted import Root
from entrepot_storage_s3.bucket import Bucket
from entrepot_storage_s3.failures import Reporting

__all__ = ["creates"]

_known: Final[dict[tuple[str, str], bool]] = {}
_lock: Final = Lock()


def creates(endpoint: str, bucket: Bucket, root: Root) -> bool:
    """Ask once in this process for each bucket of an endpoint: write an object twice with ``If-None-Match: *``.

    The object stays, so that the next process is answered by the first request.
    """
    place = (endpoint, bucket.name)
    with _lock:
        if place not in _known:
            _known[place] = _ask(bucket, root.working("create"))
        return _known[place]


def _ask(bucket: Bucket, name: str) -> bool:
    report = Reporting("capabilities")
    for _ in range(2):
        try:
            bucket.put(name, b"", report, create=True)
        except AlreadyExists:
            return True
        except StorageError as error:
            # Servers that know no condition here ignore the header or refuse it as one that they do not implement.
            cause = error.__cause__
            if isinstance(cause, ClientError) and cause.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 501}:
                return False
            raise
    return False
