"""Telling the listeners what a request did."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import falcon

from entrepot.config.addresses import Address
from entrepot.http.urls import Urls
from entrepot.registry import Registry
from entrepot.registry.cache import Cache
from entrepot.registry.manifest import Manifest
from entrepot.registry.names import Digest
from entrepot.settings import HttpSettings
from entrepot_contract.events import Action, Descriptor, Event, Request

__all__ = ["Publisher"]

_BLOB = "application/octet-stream"
_FIXED_BITS: Final = 0xF << 76 | 0x3 << 62
_VERSION_4: Final = 0x4 << 76 | 0x2 << 62
_KEPT_BYTES: Final = 4 * 2**20
"""Memory for the references of manifests: the same ones are pulled again and again."""

_WEIGHT: Final = 512
"""About how many bytes of memory one reference takes."""


class Publisher:
    """Makes events of what resources have done; costs nothing where nobody listens."""

    def __init__(self, registry: Registry, urls: Urls, settings: HttpSettings) -> None:
        self._publish = registry.publish
        self._urls = urls
        self._references: Cache[Digest, tuple[Descriptor, ...]] = Cache(_KEPT_BYTES)
        self._source = settings.source

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return self._publish is not None

    def blob(
        self, req: falcon.Request, action: Action, name: str, digest: Digest, size: int, source: str | None = None
    ) -> None:
        """A blob was pushed, pulled, mounted (from ``source``) or deleted."""
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
        """A manifest was pushed or pulled, by these tags or by its digest alone."""
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
        """A manifest, a blob or a tag was deleted."""
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
    # Unique, and no secret: uuid4 asks the system each time, which costs more than the rest of the event.
    # Written as RFC 9562 (5.4) has it, because UUID takes as long again to do that.
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
    """The client's address, with the port where it is the client who is connected, and the server tells it."""
    address: str = req.context.address
    port = req.env.get("REMOTE_PORT")
    return str(Address(address, int(port))) if port and req.remote_addr == address else address
