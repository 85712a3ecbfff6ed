"""Requests for objects by their names in the bucket."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import google_crc32c
import requests

from entrepot_contract import ObjectInfo
from entrepot_storage_gcs.client import Client
from entrepot_storage_gcs.failures import NO_BUCKET, Call

__all__ = ["COMPOSED", "FIELDS", "Fields", "Objects", "info_of"]

Fields: TypeAlias = Mapping[str, Any]
"""The metadata of an object (https://cloud.google.com/storage/docs/json_api/v1/objects#resource)."""

FIELDS: Final = "name,size,etag,updated"

COMPOSED: Final = 32
"""Maximum number of sources of one compose request."""

_PAGE: Final = 1000
_MISSING: Final = frozenset({404})
_TAKEN: Final = frozenset({412})


class Objects:
    """The objects of one bucket."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def insert(
        self,
        call: Call,
        name: str,
        data: bytes | bytearray,
        *,
        metadata: Mapping[str, str] | None = None,
        generation: int | None = None,
        once: bool = False,
    ) -> Fields | None:
        """Write a complete object; return None if its generation is not ``generation`` (0: the object must not exist).

        - The body is sent with its checksum, which Cloud Storage verifies.
        - With a ``generation``, a request that is retried after its response was lost fails because of its own write;
          with ``once``, it is not retried.
        """
        body = _Related({"name": name, "metadata": metadata or {}, "crc32c": _crc32c(data)}, data)
        params: dict[str, str | int] = {"uploadType": "multipart", "fields": FIELDS}
        if generation is not None:
            params["ifGenerationMatch"] = generation
        path = f"/upload/storage/v1/b/{self.client.bucket}/o"
        headers = {"Content-Type": body.content_type}
        answer = self.client.request(
            call, "POST", path, params=params, data=body, headers=headers, accept=_TAKEN, once=once
        )
        return None if answer.status_code == 412 else _fields(call, answer)

    def stat(self, call: Call, name: str) -> Fields:
        """Return the metadata of an object; raises NotFound."""
        return _fields(call, self.client.request(call, "GET", self.client.path(name), params={"fields": FIELDS}))

    def exists(self, call: Call, name: str) -> bool:
        """Return whether there is an object of this name."""
        answer = self.client.request(call, "GET", self.client.path(name), params={"fields": "name"}, accept=_MISSING)
        if answer.status_code == 404 and NO_BUCKET in answer.text:
            raise call.refused(answer)
        return answer.status_code != 404

    def pages(
        self,
        call: Call,
        prefix: str,
        *,
        start: str = "",
        shallow: bool = False,
        fields: str = FIELDS,
        size: int = _PAGE,
    ) -> Iterator[tuple[list[Fields], list[str]]]:
        """Yield pages of the objects and common prefixes below a prefix, starting at ``start``."""
        params: dict[str, str | int] = {
            "prefix": prefix,
            "startOffset": start,
            "maxResults": size,
            "fields": f"items({fields}),prefixes,nextPageToken",
        }
        if shallow:
            params["delimiter"] = "/"
        while True:
            path = f"/storage/v1/b/{self.client.bucket}/o"
            page = _fields(call, self.client.request(call, "GET", path, params=params))
            yield page.get("items") or [], page.get("prefixes") or []
            if not page.get("nextPageToken"):
                return
            params["pageToken"] = page["nextPageToken"]

    def check(self, call: Call, timeout: tuple[float, float]) -> None:
        """List one name, without retry; raises an error if the bucket is not accessible."""
        params: dict[str, str | int] = {"maxResults": 1, "fields": "items(name)"}
        self.client.request(
            call, "GET", f"/storage/v1/b/{self.client.bucket}/o", params=params, timeout=timeout, once=True
        )

    def compose(self, call: Call, sources: list[str], target: str) -> Fields | None:
        """Compose at most 32 objects into one; return None if a source is missing."""
        body = {
            "sourceObjects": [{"name": source} for source in sources],
            "destination": {"contentType": "application/octet-stream"},
        }
        path = f"{self.client.path(target)}/compose"
        answer = self.client.request(call, "POST", path, json=body, params={"fields": FIELDS}, accept=_MISSING)
        return None if answer.status_code == 404 else _fields(call, answer)

    def rewrite(self, call: Call, source: str, target: str) -> Fields:
        """Copy an object within the bucket, with as many requests as Cloud Storage requires; raises NotFound."""
        path = f"{self.client.path(source)}/rewriteTo{self.client.path(target).removeprefix('/storage/v1')}"
        params: dict[str, str | int] = {}
        while True:
            answer = _fields(call, self.client.request(call, "POST", path, params=params))
            if answer["done"]:
                resource: Fields = answer["resource"]
                return resource
            params["rewriteToken"] = answer["rewriteToken"]

    def delete(self, call: Call, name: str) -> None:
        """Delete an object, if it exists."""
        answer = self.client.request(call, "DELETE", self.client.path(name), accept=_MISSING)
        if answer.status_code == 404 and NO_BUCKET in answer.text:
            raise call.refused(answer)


def info_of(key: str, fields: Fields) -> ObjectInfo:
    # Downloads return the time in whole seconds, and all methods must return the same time.
    modified = datetime.fromisoformat(fields["updated"]).astimezone(UTC).replace(microsecond=0)
    return ObjectInfo(key, int(fields["size"]), modified, fields["etag"])


class _Related:
    """The body of a multipart upload, without copying its data; can be sent again."""

    def __init__(self, resource: Mapping[str, object], data: bytes | bytearray) -> None:
        boundary = os.urandom(16).hex()
        head = (
            f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(resource)}\r\n"
            f"--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n"
        )
        self.content_type = f"multipart/related; boundary={boundary}"
        self._pieces = (head.encode(), data, f"\r\n--{boundary}--\r\n".encode())

    def __len__(self) -> int:
        return sum(map(len, self._pieces))

    def __iter__(self) -> Iterator[bytes | bytearray]:
        return iter(self._pieces)


def _crc32c(data: bytes | bytearray) -> str:
    crc = 0
    with memoryview(data) as view:
        # It only accepts bytes; a copy of a small piece fits into the CPU cache.
        for start in range(0, len(view), 2**18):
            crc = google_crc32c.extend(crc, bytes(view[start : start + 2**18]))
    return b64encode(crc.to_bytes(4, "big")).decode()


def _fields(call: Call, answer: requests.Response) -> Fields:
    """Return the body of a response; one that is empty or incomplete raises Unavailable."""
    try:
        fields: Fields = answer.json()
    except ValueError as error:
        raise call.broken(error) from error
    return fields
