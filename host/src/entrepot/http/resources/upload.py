"""Pushing blobs."""

from __future__ import annotations

import re
from typing import Final

import falcon

from entrepot.access import Gate
from entrepot.errors import (
    AlgorithmUnsupported,
    BlobUploadUnknown,
    DigestInvalid,
    RangeInvalid,
    RegistryError,
)
from entrepot.http.content import Mount, check_writable, request_body, requested_mount
from entrepot.http.publish import Publisher
from entrepot.http.ranges import chunk_offset
from entrepot.http.state import UploadPosition
from entrepot.http.urls import Urls
from entrepot.registry import Registry
from entrepot.registry.names import ALGORITHMS, Digest, parse_digest
from entrepot.registry.upload_records import UploadRecord
from entrepot_contract.auth import Access

__all__ = ["UploadResource", "UploadsResource"]

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


class _Pushing:
    def __init__(self, registry: Registry, urls: Urls, publisher: Publisher) -> None:
        self._registry = registry
        self._uploads = registry.uploads
        self._urls = urls
        self._publisher = publisher
        # An upload can always be cancelled, unless the registry is read-only.
        self.disabled = registry.settings.disabled if registry.settings.readonly else frozenset()

    def _set_created(self, req: falcon.Request, resp: falcon.Response, name: str, digest: Digest) -> None:
        resp.status = falcon.HTTP_201
        resp.location = self._urls.blob(req, name, digest)
        resp.set_header("Docker-Content-Digest", str(digest))

    def _set_position(self, req: falcon.Request, resp: falcon.Response, record: UploadRecord) -> None:
        for name, value in self._position_headers(req, record).items():
            resp.set_header(name, value)

    def _position_headers(self, req: falcon.Request, record: UploadRecord) -> dict[str, str]:
        position = UploadPosition(record.name, record.uuid, record.number, record.size)
        return {
            "Location": self._urls.upload(req, position),
            "Range": f"0-{max(0, record.size - 1)}",
            "Docker-Upload-UUID": record.uuid,
        }


class UploadsResource(_Pushing):
    """``/v2/<name>/blobs/uploads/`` (distribution-spec, "Pushing blobs", "Mounting a blob")."""

    def __init__(self, registry: Registry, urls: Urls, publisher: Publisher, gate: Gate | None) -> None:
        super().__init__(registry, urls, publisher)
        self._gate = gate

    def on_post(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        check_writable(self._registry.settings, "OPTIONS")
        mount, digest = requested_mount(req), req.get_param("digest")
        if mount is not None and self._mount(req, resp, name, mount):
            return
        if digest and not req.get_param("mount"):
            committed = self._uploads.push(name, request_body(req), parse_digest(digest))
            self._set_created(req, resp, name, committed.digest)
            self._publisher.blob(req, "push", name, committed.digest, committed.size)
            return
        algorithm = req.get_param("digest-algorithm") or (mount.digest.algorithm if mount else "sha256")
        if algorithm not in ALGORITHMS:
            raise AlgorithmUnsupported(f"{algorithm[:64]}; supported are {', '.join(ALGORITHMS)}")
        record = self._uploads.start(name, algorithm)
        resp.status = falcon.HTTP_202
        self._set_position(req, resp, record)

    def _mount(self, req: falcon.Request, resp: falcon.Response, name: str, mount: Mount) -> bool:
        if not self._may_mount(req, mount.source):
            return False
        blob = self._registry.blobs.mount(name, mount.digest, mount.source)
        if blob is None:
            return False
        self._set_created(req, resp, name, mount.digest)
        self._publisher.blob(req, "mount", name, mount.digest, blob.size, mount.source)
        return True

    def _may_mount(self, req: falcon.Request, source: str | None) -> bool:
        """Returns whether the client may pull the blob to mount; otherwise it must push the bytes.

        A different response would reveal whether a repository that the client may not pull has the blob.
        """
        if self._gate is None:
            return True
        return bool(source) and self._gate.allows(req.context.identity, Access("repository", str(source), "pull"))


class UploadResource(_Pushing):
    """``/v2/<name>/blobs/uploads/<uuid>``: one upload in progress."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str, uuid: str) -> None:
        record = self._uploads.status(name, _checked(uuid))
        resp.status = falcon.HTTP_204
        self._set_position(req, resp, record)

    on_head = on_get

    def on_patch(self, req: falcon.Request, resp: falcon.Response, name: str, uuid: str) -> None:
        check_writable(self._registry.settings, "GET, HEAD")
        position = self._urls.position(req, name, _checked(uuid))
        body = request_body(req)
        try:
            offset = chunk_offset(req.get_header("Content-Range"), body.length)
            record = self._uploads.append(name, uuid, position.number, body, offset)
        except RangeInvalid as error:
            raise self._with_position(req, name, uuid, error) from error
        resp.status = falcon.HTTP_202
        self._set_position(req, resp, record)

    def on_put(self, req: falcon.Request, resp: falcon.Response, name: str, uuid: str) -> None:
        check_writable(self._registry.settings, "GET, HEAD")
        position = self._urls.position(req, name, _checked(uuid))
        text = req.get_param("digest")
        if text is None:
            raise DigestInvalid("the parameter digest is missing")
        digest, body = parse_digest(text), request_body(req)
        try:
            offset = chunk_offset(req.get_header("Content-Range"), body.length)
            committed = self._uploads.commit(name, uuid, position.number, body, offset, digest)
        except RangeInvalid as error:
            raise self._with_position(req, name, uuid, error) from error
        self._set_created(req, resp, name, committed.digest)
        self._publisher.blob(req, "push", name, committed.digest, committed.size)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, name: str, uuid: str) -> None:
        check_writable(self._registry.settings, "GET, HEAD")
        self._uploads.cancel(name, _checked(uuid))
        resp.status = falcon.HTTP_204

    def _with_position(self, req: falcon.Request, name: str, uuid: str, error: RangeInvalid) -> RegistryError:
        """Returns the error with the headers that a client needs to continue the upload."""
        try:
            record = self._uploads.status(name, uuid)
        except BlobUploadUnknown as gone:
            return gone
        return RangeInvalid(error.detail, headers=self._position_headers(req, record))


def _checked(uuid: str) -> str:
    if _UUID.match(uuid) is None:
        raise BlobUploadUnknown({"uuid": uuid[:64]})
    return uuid
