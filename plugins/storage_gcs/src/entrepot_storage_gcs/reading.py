"""Reads with one request each, whatever the size."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote

import requests

from entrepot_contract import ObjectInfo, RangeError, Unavailable
from entrepot_contract.toolkit.reading import BodyReader
from entrepot_storage_gcs.client import Client
from entrepot_storage_gcs.failures import NAME, Call
from entrepot_storage_gcs.objects import Objects, info_of

__all__ = ["open_reader"]

CHUNK: Final = 2**20

LARGEST: Final = 2**63 - 1
"""The largest offset in a Range header; with a larger one, the header is ignored."""

_PAST_THE_END: Final = frozenset({416})


def open_reader(objects: Objects, call: Call, key: str, name: str, offset: int, length: int | None) -> BodyReader:
    """Return a reader of an object, starting at ``offset``; raises NotFound and RangeError."""
    wanted = {}
    if offset or length is not None:
        wanted["Range"] = f"bytes={offset}-{'' if length is None else min(offset + length - 1, LARGEST)}"
    if length == 0 or offset > LARGEST:
        return _nothing(objects, call, key, name, offset)
    answer = _get(objects.client, call, name, wanted)
    if answer.status_code == 416:
        answer.close()
        return _nothing(objects, call, key, name, offset)
    if wanted and answer.status_code != 206:
        answer.close()
        raise call.failure(Unavailable, f"Cloud Storage returned {answer.status_code} for a range request")
    try:
        info = _info(key, answer)
    except (KeyError, ValueError) as error:
        answer.close()  # requests takes a connection that ends within the headers for a response without the others
        raise call.broken(error) from error
    left = info.size - offset
    return BodyReader(
        info,
        _chunks(answer),
        left if length is None else min(left, length),
        driver=NAME,
        close=answer.close,
        failed=call.broken,
    )


def _get(client: Client, call: Call, name: str, headers: dict[str, str]) -> requests.Response:
    path = f"/download/storage/v1/b/{client.bucket}/o/{quote(name, safe='')}"
    return client.request(
        call, "GET", path, params={"alt": "media"}, headers=headers, stream=True, accept=_PAST_THE_END
    )


def _nothing(objects: Objects, call: Call, key: str, name: str, offset: int) -> BodyReader:
    info = info_of(key, objects.stat(call, name))
    if offset > info.size:
        raise call.failure(RangeError, f"offset {offset} is past the end of the object ({info.size} bytes)")
    return BodyReader(info, iter(()), 0, driver=NAME, close=lambda: None, failed=call.broken)


def _info(key: str, answer: requests.Response) -> ObjectInfo:
    size = answer.headers.get("Content-Range", "").rpartition("/")[2] or answer.headers["Content-Length"]
    modified = parsedate_to_datetime(answer.headers["Last-Modified"]).astimezone(UTC)
    return ObjectInfo(key, int(size), modified, answer.headers["ETag"].strip('"'))


def _chunks(answer: requests.Response) -> Iterator[bytes]:
    while chunk := answer.raw.read(CHUNK):
        yield chunk
