"""Probes of the server: which conditional requests it supports, and in which order it lists."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final, NamedTuple

from botocore.exceptions import ClientError

from entrepot_contract import AlreadyExists, StorageError
from entrepot_contract.toolkit.prefix import Root
from entrepot_storage_s3.bucket import Bucket
from entrepot_storage_s3.failures import Reporting

__all__ = ["Conditions", "conditions", "lists_in_order"]


_NO_ETAG: Final = "0" * 32


class Conditions(NamedTuple):
    """The conditions that a server supports for PutObject.

    - ``creates``: ``If-None-Match: *``, if the object does not exist.
    - ``swaps``: ``If-Match``, if the object has this etag.
    """

    creates: bool
    swaps: bool


_known: Final[dict[tuple[str, str], Conditions]] = {}
_in_order: Final[dict[tuple[str, str], bool]] = {}
_lock: Final = Lock()


def conditions(bucket: Bucket, root: Root) -> Conditions:
    """Return the supported conditions; probed once per process, endpoint and bucket, by writing an empty object.

    The object is kept, so that the next process need not create it.
    """
    place = (bucket.client.meta.endpoint_url, bucket.name)
    with _lock:
        if place not in _known:
            name = root.working("create")
            creates = _asked(lambda: _creates(bucket, name))
            _known[place] = Conditions(creates, creates and _asked(lambda: _swaps(bucket, name)))
        return _known[place]


def lists_in_order(bucket: Bucket, root: Root) -> bool:
    """Return whether the server sorts by the bytes of names, not by segments; probed once, with two empty objects."""
    place = (bucket.client.meta.endpoint_url, bucket.name)
    with _lock:
        if place not in _in_order:
            _in_order[place] = _ask_order(bucket, root.working("order/"))
        return _in_order[place]


def _ask_order(bucket: Bucket, folder: str) -> bool:
    report = Reporting("capabilities")
    names = [f"{folder}a-b", f"{folder}a/b"]
    for _ in range(2):
        with report:
            page = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix=folder)
        found = [one["Key"] for one in page.get("Contents", [])]
        if set(names) <= set(found):
            return found.index(names[0]) < found.index(names[1])
        for name in names:
            bucket.put(name, b"", report)
    return True


def _asked(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except StorageError as error:
        # Servers without support for the condition ignore the header, or reject it as not implemented.
        cause = error.__cause__
        if isinstance(cause, ClientError) and cause.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 501}:
            return False
        raise


def _creates(bucket: Bucket, name: str) -> bool:
    report = Reporting("capabilities")
    for _ in range(2):
        try:
            bucket.put(name, b"", report, create=True)
        except AlreadyExists:
            return True
    return False


def _swaps(bucket: Bucket, name: str) -> bool:
    """May be false in a race if etags of equal content differ, as with server-side keys; both results work."""
    report = Reporting("capabilities")
    etag = bucket.head(name, report).etag
    if etag is None or bucket.swap(name, b"", _NO_ETAG, report) is not None:
        return False
    return bucket.swap(name, b"", etag, report) is not None
