"""Pulling and deleting blobs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Final

import falcon

from entrepot.errors import BlobUnknown, Unsupported
from entrepot.http.byteranges import ByteRanges
from entrepot.http.content import check_writable, known_digest, matches
from entrepot.http.publish import Publisher
from entrepot.http.ranges import Part, requested_parts
from entrepot.registry import Registry
from entrepot.registry.blobs import Blob
from entrepot.registry.names import Digest

__all__ = ["BlobResource"]

_MEDIA_TYPE: Final = "application/octet-stream"
_SMALL: Final = 2**16
"""Up to this size, a body is sent at once: starting a stream takes a server longer than copying the bytes."""


class BlobResource:
    """``/v2/<name>/blobs/<digest>`` (distribution-spec, "Pulling blobs", "Deleting Blobs")."""

    def __init__(self, registry: Registry, publisher: Publisher, *, redirect: bool) -> None:
        self._blobs = registry.blobs
        self._settings = registry.settings
        self._publisher = publisher
        self._redirect = redirect
        self.disabled = registry.settings.disabled & {"DELETE"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str, digest: str) -> None:
        requested = known_digest(digest, BlobUnknown)
        etag = f'"{requested}"'
        condition, header = req.env.get("HTTP_IF_NONE_MATCH"), req.env.get("HTTP_RANGE")
        # Object stores support one range at most, and answer several with the whole object.
        if self._redirect and not (header and "," in header):
            url = self._blobs.url(name, requested)
            if url is not None:
                if self._publisher.heard:
                    # The backend does not report what it serves; Distribution also counts the redirect as a pull.
                    self._publisher.blob(req, "pull", name, requested, self._blobs.stat(name, requested).size)
                raise falcon.HTTPTemporaryRedirect(url)
        if condition is None and header is None:
            reader = self._blobs.read(name, requested)
            total = size = reader.info.size
        else:
            blob = self._blobs.stat(name, requested)
            _describe(resp, str(requested), etag)
            if matches(condition, etag):
                resp.status = falcon.HTTP_304
                return
            parts = requested_parts(header, blob.size) if req.get_header("If-Range", default=etag) == etag else []
            if len(parts) > 1:
                self._send_parts(resp, name, requested, blob, parts)
                self._publisher.blob(req, "pull", name, requested, blob.size)
                return
            if parts:
                resp.status = falcon.HTTP_206
                resp.set_header("Content-Range", str(parts[0]))
            total = blob.size
            offset, size = (parts[0].offset, parts[0].length) if parts else (0, total)
            reader = self._blobs.read_part(name, requested, blob, offset, size)
        _describe(resp, str(requested), etag)
        if size <= _SMALL:
            with reader:
                resp.data = b"".join(reader)
        else:
            resp.set_stream(reader, size)
        self._publisher.blob(req, "pull", name, requested, total)

    def _send_parts(self, resp: falcon.Response, name: str, digest: Digest, blob: Blob, parts: Sequence[Part]) -> None:
        body = ByteRanges(
            parts, _MEDIA_TYPE, lambda part: self._blobs.read_part(name, digest, blob, part.offset, part.length)
        )
        resp.status = falcon.HTTP_206
        resp.content_type = body.content_type
        if body.length <= _SMALL:
            with closing(body):
                resp.data = b"".join(body)
        else:
            resp.set_stream(body, body.length)

    def on_head(self, req: falcon.Request, resp: falcon.Response, name: str, digest: str) -> None:
        requested = known_digest(digest, BlobUnknown)
        etag = f'"{requested}"'
        blob = self._blobs.stat(name, requested)
        _describe(resp, str(requested), etag)
        if matches(req.env.get("HTTP_IF_NONE_MATCH"), etag):
            resp.status = falcon.HTTP_304
            return
        resp.content_length = blob.size
        # Distribution counts this as a pull.
        self._publisher.blob(req, "pull", name, requested, blob.size)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, name: str, digest: str) -> None:
        check_writable(self._settings, "GET, HEAD")
        if not self._settings.delete_enabled:
            raise Unsupported("deletion is not enabled in this registry", headers={"Allow": "GET, HEAD"})
        requested = known_digest(digest, BlobUnknown)
        self._blobs.delete(name, requested)
        self._publisher.deleted(req, name, requested)
        resp.status = falcon.HTTP_202


def _describe(resp: falcon.Response, digest: str, etag: str) -> None:
    resp.content_type = _MEDIA_TYPE
    resp.set_headers(
        (
            ("Docker-Content-Digest", digest),
            ("ETag", etag),
            ("Cache-Control", "max-age=31536000"),
            ("Accept-Ranges", "bytes"),
        )
    )
