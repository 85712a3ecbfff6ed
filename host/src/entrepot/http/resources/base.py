"""Resources for paths without a repository."""

from __future__ import annotations

import falcon

from entrepot.http.urls import Urls

__all__ = ["BareResource", "RootResource", "VersionResource"]


class RootResource:
    """``/``: an empty response, for checks that the server is up."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.set_header("Cache-Control", "no-cache")
        resp.content_type = "text/plain"
        resp.data = b""

    on_head = on_get


class VersionResource:
    """``/v2/``: indicates that this registry implements the specification ("Determining Support")."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = b"{}"

    on_head = on_get


class BareResource:
    """``/v2``: redirects to ``/v2/``."""

    def __init__(self, urls: Urls) -> None:
        self._location = urls.path("/v2/")

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        raise falcon.HTTPMovedPermanently(self._location)

    on_head = on_get
