"""Pulling, pushing and deleting manifests."""

from __future__ import annotations

from typing import Final

import falcon

from entrepot.errors import (
    DigestInvalid,
    ManifestTooLarge,
    ManifestUnknown,
    TagInvalid,
    TooManyTags,
    Unsupported,
)
from entrepot.http.content import check_writable, known_digest, matches, request_body
from entrepot.http.publish import Publisher
from entrepot.http.urls import Urls
from entrepot.registry import Registry
from entrepot.registry.body import CHUNK
from entrepot.registry.manifest import Manifest
from entrepot.registry.names import Digest, check_tag, parse_digest

__all__ = ["ManifestResource"]

_MAX_TAGS: Final = 64


class ManifestResource:
    """``/v2/<name>/manifests/<tag-or-digest>`` (distribution-spec, "Pulling manifests", "Pushing Manifests")."""

    def __init__(self, registry: Registry, urls: Urls, publisher: Publisher) -> None:
        self._manifests = registry.manifests
        self._tags = registry.tags
        self._settings = registry.settings
        self._urls = urls
        self._publisher = publisher
        self.disabled = registry.settings.disabled

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str, reference: str) -> None:
        digest, tags, manifest = self._find(name, reference)
        etag = f'"{digest}"'
        resp.content_type = manifest.media_type
        resp.set_headers((("Docker-Content-Digest", str(digest)), ("ETag", etag)))
        if matches(req.env.get("HTTP_IF_NONE_MATCH"), etag):
            resp.status = falcon.HTTP_304
        elif req.method == "HEAD":
            resp.content_length = len(manifest.content)
        else:
            resp.data = manifest.content
        self._publisher.manifest(req, "pull", name, digest, manifest, tags)

    on_head = on_get

    def on_put(self, req: falcon.Request, resp: falcon.Response, name: str, reference: str) -> None:
        check_writable(self._settings, "GET, HEAD")
        digest, tags = _target(req, reference)
        declared = (req.content_type or "").partition(";")[0].strip().lower() or None
        content = self._content(req)
        digest, manifest = self._manifests.put(name, content, declared, digest, tags)
        resp.status = falcon.HTTP_201
        resp.location = self._urls.manifest(req, name, digest)
        resp.set_header("Docker-Content-Digest", str(digest))
        if manifest.subject is not None:
            resp.set_header("OCI-Subject", str(manifest.subject))
        if ":" in reference and tags:
            resp.set_header("OCI-Tag", ", ".join(tags))
        self._publisher.manifest(req, "push", name, digest, manifest, tags)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, name: str, reference: str) -> None:
        check_writable(self._settings, "GET, HEAD")
        if not self._settings.delete_enabled:
            raise Unsupported("deletion is not enabled in this registry", headers={"Allow": "GET, HEAD, PUT"})
        resp.status = falcon.HTTP_202
        if ":" in reference:
            digest = known_digest(reference, ManifestUnknown)
            tags = self._manifests.delete(name, digest)
            self._publisher.deleted(req, name, digest)
        else:
            tags = [check_tag(reference)]
            self._tags.delete(name, reference)
        for tag in tags:
            self._publisher.deleted(req, name, tag=tag)

    def _find(self, name: str, reference: str) -> tuple[Digest, list[str], Manifest]:
        if ":" in reference:
            digest = known_digest(reference, ManifestUnknown)
            return digest, [], self._manifests.get(name, digest)
        try:
            tag = check_tag(reference)
        except TagInvalid as error:
            # An invalid tag cannot exist in the repository ("Pulling manifests": the response MUST be 404).
            raise ManifestUnknown({"name": name, "tag": reference[:128]}) from error
        found, manifest = self._manifests.get_tagged(name, tag)
        return found, [tag], manifest

    def _content(self, req: falcon.Request) -> bytes:
        body, limit = request_body(req), self._settings.manifest_max_size
        if body.length is not None and body.length > limit:
            raise ManifestTooLarge(f"at most {limit} bytes")
        parts: list[bytes] = []
        while not body.ended and body.received <= limit:
            parts.append(body.read(CHUNK))
        if body.received > limit:
            raise ManifestTooLarge(f"at most {limit} bytes")
        body.check_whole()
        return b"".join(parts)


def _target(req: falcon.Request, reference: str) -> tuple[Digest | None, list[str]]:
    """Returns what a manifest is pushed as: its digest and additional tags, or a single tag."""
    if ":" not in reference:
        return None, [check_tag(reference)]
    tags = req.get_param_as_list("tag") or []
    if len(tags) > _MAX_TAGS:
        raise TooManyTags(f"at most {_MAX_TAGS}")
    try:
        return parse_digest(reference), [check_tag(tag) for tag in dict.fromkeys(tags)]
    except DigestInvalid as error:
        raise DigestInvalid(error.detail) from error
