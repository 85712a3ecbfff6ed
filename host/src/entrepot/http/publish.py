"""Publishing events for the requests of clients."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import falcon

from entrepot.addresses import Address
from entrepot.cache import Cache
from entrepot.http.urls import Urls
from entrepot.registry import Registry
from entrepot.registry.manifest import Manifest
from entrepot.registry.names import Digest
from entrepot.settings import HttpSettings
from entrepot_contract.events import Action, Descriptor, Event, Request

__all__ = ["Publisher"]

_BLOB = "application/octet-stream"
_FIXED_BITS: Final = 0xF << 76 | 0x3 << 62
_VERSION_4: Final = 0x4 << 76 | 0x2 << 62
_KEPT_BYTES: Final = 4 * 2**20
"""Cache size for the references of manifests, as the same ones are pulled repeatedly."""

_WEIGHT: Final = 512
"""Approximate size of one reference in memory, in bytes."""


class Publisher:
    """Creates events for the actions of resources; does nothing without listeners."""

    def __init__(self, registry: Registry, urls: Urls, settings: HttpSettings) -> None:
        self._publish = registry.publish
        self._urls = urls
        self._references: Cache[Digest, tuple[Descriptor, ...]] = Cache(_KEPT_BYTES)
        self._source = settings.source

    @property
    def heard(self) -> bool:
        """Whether there are listeners."""
        return self._publish is not None

    def blob(
        self, req: falcon.Request, action: Action, name: str, digest: Digest, size: int, source: str | None = None
    ) -> None:
        """Publish that a blob was pushed, pulled, mounted (from ``source``) or deleted."""
        if self._publish is not None:
            target = Descriptor(_BLOB, str(digest), size)
            self._publish(
                Event(
                    action,
                    name,
                    target,
                    from_repository=source,
                    url=self._urls.absolute_blob(req, name, digest),
                    request=_request(req),
                    actor=req.context.user or None,
                    source=self._source,
                    id=_new_id(),
                )
            )

    def manifest(
        self,
        req: falcon.Request,
        action: Action,
        name: str,
        digest: Digest,
        manifest: Manifest,
        tags: Sequence[str] = (),
    ) -> None:
        """Publish that a manifest was pushed or pulled, by these tags or only by its digest."""
        if self._publish is None:
            return
        target = Descriptor(manifest.media_type, str(digest), len(manifest.content))
        for tag in tags or (None,):
            self._publish(
                Event(
                    action,
                    name,
                    target,
                    tag=tag,
                    url=self._urls.absolute_manifest(req, name, digest),
                    references=self._references_of(digest, manifest),
                    annotations=manifest.annotations,
                    request=_request(req),
                    actor=req.context.user or None,
                    source=self._source,
                    id=_new_id(),
                )
            )

    def deleted(self, req: falcon.Request, name: str, digest: Digest | None = None, tag: str | None = None) -> None:
        """Publish that a manifest, a blob or a tag was deleted."""
        if self._publish is not None:
            self._publish(
                Event(
                    "delete",
                    name,
                    None if digest is None else Descriptor("", str(digest), 0),
                    tag=tag,
                    request=_request(req),
                    actor=req.context.user or None,
                    source=self._source,
                    id=_new_id(),
                )
            )

    def _references_of(self, digest: Digest, manifest: Manifest) -> tuple[Descriptor, ...]:
        found = self._references.get(digest)
        if found is None:
            found = tuple(Descriptor(one.media_type, str(one.digest), one.size) for one in manifest.references)
            self._references.set(digest, found, _WEIGHT * (1 + len(found)))
        return found


def _new_id() -> str:
    # Must be unique, but not secret: uuid4 makes a system call, which costs more than the rest of the event.
    # Formatted by hand (RFC 9562, 5.4), because UUID takes as long again.
    bits = random.getrandbits(128) & ~_FIXED_BITS | _VERSION_4
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _request(req: falcon.Request) -> Request:
    return Request(
        id=req.context.id,
        address=_with_port(req),
        host=req.netloc,
        method=req.method,
        user_agent=req.user_agent or "",
    )


def _with_port(req: falcon.Request) -> str:
    """Returns the client's address, with its port if the client is connected directly and the server provides it."""
    address: str = req.context.address
    port = req.env.get("REMOTE_PORT")
    return str(Address(address, int(port))) if port and req.remote_addr == address else address
