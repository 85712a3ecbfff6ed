"""Telling the listeners what a request did."""

from __future__ import annotations

from collections.abc import Sequence

import falcon

from entrepot.registry import Registry
from entrepot.registry.manifest import Manifest
from entrepot.registry.names import Digest
from entrepot_contract.events import Action, Descriptor, Event, Request

__all__ = ["Publisher"]

_BLOB = "application/octet-stream"


class Publisher:
    """Makes events of what resources have done; costs nothing where nobody listens."""

    def __init__(self, registry: Registry) -> None:
        self._publish = registry.publish

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
                    request=_request(req),
                    actor=req.context.user or None,
                    url=req.uri,
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
        references = tuple(Descriptor(one.media_type, str(one.digest), one.size) for one in manifest.references)
        for tag in tags or (None,):
            self._publish(
                Event(
                    action,
                    name,
                    target,
                    tag=tag,
                    references=references,
                    annotations=manifest.annotations,
                    request=_request(req),
                    actor=req.context.user or None,
                    url=req.uri,
                )
            )

    def deleted(self, req: falcon.Request, name: str, digest: Digest | None = None, tag: str | None = None) -> None:
        """A manifest, a blob or a tag was deleted."""
        if self._publish is not None:
            target = None if digest is None else Descriptor("", str(digest), 0)
            self._publish(Event("delete", name, target, tag=tag, request=_request(req), actor=req.context.user or None))


def _request(req: falcon.Request) -> Request:
    return Request(
        id=req.context.id,
        address=req.context.address,
        host=req.host,
        method=req.method,
        user_agent=req.user_agent or "",
    )
