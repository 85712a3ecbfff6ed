"""Listing tags."""

from __future__ import annotations

import falcon

from entrepot.http.content import json_body
from entrepot.http.paging import next_link, page, requested_number
from entrepot.http.urls import Urls
from entrepot.registry import Registry

__all__ = ["TagsResource"]


class TagsResource:
    """``/v2/<name>/tags/list`` (distribution-spec, "Listing Tags")."""

    def __init__(self, registry: Registry, urls: Urls) -> None:
        self._tags = registry.tags
        self._max = registry.settings.tags_max
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        number = min(requested_number(req, self._max), self._max)
        last = req.get_param("last") or ""
        tags, more = page(self._tags.names(name, last), number)
        if more:
            next_link(resp, self._urls.path(f"/v2/{name}/tags/list"), last=tags[-1], n=number)
        resp.data = json_body({"name": name, "tags": tags})

    on_head = on_get
