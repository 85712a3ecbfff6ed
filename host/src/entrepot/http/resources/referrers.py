"""Listing referrers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import falcon

from entrepot.http.paging import next_link
from entrepot.http.urls import Urls
from entrepot.registry import Registry
from entrepot.registry.manifest import OCI_INDEX
from entrepot.registry.names import parse_digest
from entrepot.registry.referrers import Referrer

__all__ = ["ReferrersResource"]

_PAGE_SIZE: Final = 4 * 2**20 - 4096
"""Clients accept manifests of at most 4 MiB, and this response is one."""


class ReferrersResource:
    """``/v2/<name>/referrers/<digest>`` (distribution-spec, "Listing Referrers")."""

    def __init__(self, registry: Registry, urls: Urls) -> None:
        self._referrers = registry.manifests.referrers
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str, digest: str) -> None:
        subject, wanted, last = parse_digest(digest), req.get_param("artifactType"), req.get_param("last") or ""
        found = self._referrers.of(name, subject, last)
        if wanted is not None:
            found = (referrer for referrer in found if referrer.artifact_type == wanted)
            resp.set_header("OCI-Filters-Applied", "artifactType")
        entries, more = _page(found)
        if more is not None:
            query = {"last": more} if wanted is None else {"last": more, "artifactType": wanted}
            next_link(resp, self._urls.path(f"/v2/{name}/referrers/{digest}"), **query)
        resp.content_type = OCI_INDEX
        resp.data = b'{"schemaVersion":2,"mediaType":"%b","manifests":[%b]}\n' % (
            OCI_INDEX.encode(),
            b",".join(entries),
        )

    on_head = on_get


def _page(referrers: Iterator[Referrer]) -> tuple[list[bytes], str | None]:
    """Returns the descriptors that fit in one response, and the last digest if there are more."""
    entries: list[bytes] = []
    size, last = 0, ""
    for referrer in referrers:
        size += len(referrer.descriptor) + 1
        if entries and size > _PAGE_SIZE:
            return entries, last
        entries.append(referrer.descriptor)
        last = str(referrer.digest)
    return entries, None
