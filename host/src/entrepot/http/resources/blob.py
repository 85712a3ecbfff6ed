"""Pulling and deleting blobs."""

from __future__ import annotations

from typing import Final

import falcon

from entrepot.errors import BlobUnknown, Unsupported
from entrepot.http.content import known_digest, matches
from entrepot.http.publish import Publisher
from entrepot.http.ranges import requested_part
from entrepot.registry import Registry

__all__ = ["Blob"]

_SMALL: Final = 2**16
"""Up to so many bytes are answered at once: a server takes longer to begin a stream than to copy them."""


class Blob:
    """``/v2/<name>/blobs/<digest>`` (distribution-spec, "Pulling blobs", "Deleting Blobs")."""

    def __init__(self, registry: Registry, publisher: Publisher, *, redirect: bool) -> None:
        self._blobs = registry.blobs
        self._settings = registry.settings
        self._publisher = publisher
        self._redirect = redirect

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str, digest: str) -> None:
        wanted = known_digest(digest, BlobUnknown)
        etag = f'"{wanted}"'
        if self._redirect:
            url = self._blobs.url(name, wanted)
            if url is not None:
                if self._publisher.heard:
                    # The backend tells nobody what it serves; Distribution counts the redirect as the pull, too.
                    self._publisher.blob(req, "pull", name, wanted, self._blobs.stat(name, wanted).size)
                raise falcon.HTTPTemporaryRedirect(url)
        condition, header = req.get_header("If-None-Match"), req.get_header("Range")
        if condition is None and header is None:
            reader = self._blobs.read(name, wanted)
            whole = size = reader.info.size
        else:
            blob = self._blobs.stat(name, wanted)
            _describe(resp, str(wanted), etag)
            if matches(condition, etag):
                resp.status = falcon.HTTP_304
                return
            part = requested_part(header, blob.size) if req.get_header("If-Range", default=etag) == etag else None
            if part is not None:
                resp.status = falcon.HTTP_206
                resp.set_header("Content-Range", str(part))
            whole = blob.size
            offset, size = (0, whole) if part is None else (part.offset, part.length)
            reader = self._blobs.read_part(name, wanted, blob, offset, size)
        _describe(resp, str(wanted), etag)
        if size <= _SMALL:
            with reader:
                resp.data = b"".join(reader)
        else:
            resp.set_stream(reader, size)
        self._publisher.blob(req, "pull", name, wanted, whole)

    def on_head(self, req: falcon.Request, resp: falcon.Response, name: str, digest: str) -> None:
        wanted = known_digest(digest, BlobUnknown)
        etag = f'"{wanted}"'
        blob = self._blobs.stat(name, wanted)
        _describe(resp, str(wanted), etag)
        if matches(req.get_header("If-None-Match"), etag):
            resp.status = falcon.HTTP_304
            return
        resp.content_length = blob.size
        # Distribution counts it as a pull.
        self._publisher.blob(req, "pull", name, wanted, blob.size)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, name: str, digest: str) -> None:
        if self._settings.readonly or not self._settings.delete_enabled:
            raise Unsupported("deleting is not enabled in this registry", headers={"Allow": "GET, HEAD"})
        wanted = known_digest(digest, BlobUnknown)
        self._blobs.delete(name, wanted)
        self._publisher.deleted(req, name, wanted)
        resp.status = falcon.HTTP_202


def _describe(resp: falcon.Response, digest: str, etag: str) -> None:
    resp.content_type = "application/octet-stream"
    resp.set_headers(
        (
            ("Docker-Content-Digest", digest),
            ("ETag", etag),
            ("Cache-Control", "max-age=31536000"),
            ("Accept-Ranges", "bytes"),
        )
    )
