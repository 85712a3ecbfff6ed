"""Objects by their names in the bucket: inserted, looked at, composed, removed."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import google_crc32c

from entrepot_contract import ObjectInfo
from entrepot_storage_gcs.client import Client
from entrepot_storage_gcs.failures import NO_BUCKET, Call

__all__ = ["COMPOSED", "FIELDS", "Fields", "Objects", "info_of"]

Fields: TypeAlias = Mapping[str, Any]
"""What Cloud Storage tells of an object (https://cloud.google.com/storage/docs/json_api/v1/objects#resource)."""

FIELDS: Final = "name,size,etag,updated"

COMPOSED: Final = 32
"""The most sources that one compose takes."""

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
        """Write a whole object; None if it has another generation than ``generation``, whose 0 is no object.

        - The body goes with its checksum, which Cloud Storage compares.
        - With a ``generation``, a request that is made again after its answer was lost meets what it has done itself;
          ``once`` makes it one time only.
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
        return None if answer.status_code == 412 else answer.json()

    def stat(self, call: Call, name: str) -> Fields:
        """What is known of an object; raises NotFound."""
        fields: Fields = self.client.request(call, "GET", self.client.path(name), params={"fields": FIELDS}).json()
        return fields

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
        """The objects and the common prefixes below a prefix from ``start`` on, page by page."""
        params: dict[str, str | int] = {
            "prefix": prefix,
            "startOffset": start,
            "maxResults": size,
            "fields": f"items({fields}),prefixes,nextPageToken",
        }
        if shallow:
            params["delimiter"] = "/"
        while True:
            page = self.client.request(call, "GET", f"/storage/v1/b/{self.client.bucket}/o", params=params).json()
            yield page.get("items") or [], page.get("prefixes") or []
            if not page.get("nextPageToken"):
                return
            params["pageToken"] = page["nextPageToken"]

    def check(self, call: Call, timeout: tuple[float, float]) -> None:
        """Ask for one name, once; raises what speaks against the bucket."""
        params: dict[str, str | int] = {"maxResults": 1, "fields": "items(name)"}
        self.client.request(
            call, "GET", f"/storage/v1/b/{self.client.bucket}/o", params=params, timeout=timeout, once=True
        )

    def compose(self, call: Call, sources: list[str], target: str) -> Fields | None:
        """Make one object of at most 32; None if a source is missing."""
        body = {
            "sourceObjects": [{"name": source} for source in sources],
            "destination": {"contentType": "application/octet-stream"},
        }
        path = f"{self.client.path(target)}/compose"
        answer = self.client.request(call, "POST", path, json=body, params={"fields": FIELDS}, accept=_MISSING)
        return None if answer.status_code == 404 else answer.json()

    def rewrite(self, call: Call, source: str, target: str) -> Fields:
        """Copy an object within the bucket, in as many calls as Cloud Storage wants; raises NotFound."""
        path = f"{self.client.path(source)}/rewriteTo{self.client.path(target).removeprefix('/storage/v1')}"
        params: dict[str, str | int] = {}
        while True:
            answer = self.client.request(call, "POST", path, params=params).json()
            if answer["done"]:
                resource: Fields = answer["resource"]
                return resource
            params["rewriteToken"] = answer["rewriteToken"]

    def delete(self, call: Call, name: str) -> None:
        """Remove an object, if it is there."""
        answer = self.client.request(call, "DELETE", self.client.path(name), accept=_MISSING)
        if answer.status_code == 404 and NO_BUCKET in answer.text:
            raise call.refused(answer)


def info_of(key: str, fields: Fields) -> ObjectInfo:
    # A download tells its object's time in whole seconds, and one object has one time.
    modified = datetime.fromisoformat(fields["updated"]).astimezone(UTC).replace(microsecond=0)
    return ObjectInfo(key, int(fields["size"]), modified, fields["etag"])


class _Related:
    """The body of a multipart upload, without a copy of its data; can be sent again."""

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
        # It takes bytes only, and a copy of a piece stays in the processor's cache.
        for start in range(0, len(view), 2**18):
            crc = google_crc32c.extend(crc, bytes(view[start : start + 2**18]))
    return b64encode(crc.to_bytes(4, "big")).decode()
