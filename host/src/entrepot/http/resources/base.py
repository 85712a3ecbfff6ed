"""The paths that name no repository."""

from __future__ import annotations

import falcon

from entrepot.http.urls import Urls

__all__ = ["Bare", "Root", "Version"]


class Root:
    """``/``: for whoever wants to know that something answers."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.set_header("Cache-Control", "no-cache")
        resp.content_type = "text/plain"
        resp.data = b""

    on_head = on_get


class Version:
    """``/v2/``: says that this registry implements the specification ("Determining Support")."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = b"{}"

    on_head = on_get


class Bare:
    """``/v2``: the same, for those who forget the slash."""

    def __init__(self, urls: Urls) -> None:
        self._location = urls.path("/v2/")

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        raise falcon.HTTPMovedPermanently(self._location)

    on_head = on_get
