"""Listing repositories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import falcon

from entrepot.access import Gate
from entrepot.errors import PaginationNumberInvalid
from entrepot.http.content import json_body
from entrepot.http.paging import next_link, page, requested_number
from entrepot.http.urls import Urls
from entrepot.registry import Registry

__all__ = ["CatalogResource"]

_DEFAULT: Final = 100


class CatalogResource:
    """``/v2/_catalog``: part of Distribution's API, but not of the OCI specification."""

    def __init__(self, registry: Registry, urls: Urls, gate: Gate | None) -> None:
        self._gate = gate
        self._catalog = registry.catalog
        self._max = registry.settings.catalog_max
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        number = requested_number(req, min(_DEFAULT, self._max))
        if number > self._max:
            raise PaginationNumberInvalid({"n": number, "max": self._max})
        last = req.get_param("last") or ""
        names, more = page(self._visible(req, last), number) if number else ([], False)
        if more:
            next_link(resp, self._urls.path("/v2/_catalog"), last=names[-1], n=number)
        resp.data = json_body({"repositories": names})

    on_head = on_get

    def _visible(self, req: falcon.Request, last: str) -> Iterator[str]:
        names = self._catalog.names(last)
        gate = self._gate
        return names if gate is None else (name for name in names if gate.lists(req.context.identity, name))
