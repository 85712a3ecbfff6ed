"""Routing of paths to resources.

Repository names contain slashes, so paths are split from the right, which Falcon's own router cannot do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

import falcon
from falcon.routing import map_http_methods, set_default_responders

from entrepot.errors import NameInvalid
from entrepot.registry.names import check_name
from entrepot_contract.tokens import TOKEN_PATH

__all__ = [
    "BLOB",
    "CATALOG",
    "MANIFEST",
    "REFERRERS",
    "ROOT",
    "TAGS",
    "TOKEN",
    "UPLOAD",
    "UPLOADS",
    "V2",
    "V2_BARE",
    "Router",
]

ROOT: Final = "/"
V2_BARE: Final = "/v2"
V2: Final = "/v2/"
CATALOG: Final = "/v2/_catalog"
TOKEN: Final = f"/{TOKEN_PATH}"
UPLOADS: Final = "/v2/{name}/blobs/uploads/"
UPLOAD: Final = "/v2/{name}/blobs/uploads/{uuid}"
BLOB: Final = "/v2/{name}/blobs/{digest}"
MANIFEST: Final = "/v2/{name}/manifests/{reference}"
TAGS: Final = "/v2/{name}/tags/list"
REFERRERS: Final = "/v2/{name}/referrers/{digest}"

_SLASHES: Final = re.compile("//+")
_FIXED: Final = frozenset({ROOT, V2_BARE, V2, CATALOG, TOKEN})

# The result type of a Falcon router: the resource, its methods, the parameters and the template.
Found = tuple[object, dict[str, Any], dict[str, str], str]


class Router:
    """Implements Falcon's router interface: ``add_route`` at startup, ``find`` for every request."""

    def __init__(self, prefix: str = "/") -> None:
        self._prefix = prefix.rstrip("/")
        self._routes: dict[str, tuple[object, dict[str, Any]]] = {}

    def add_route(self, uri_template: str, resource: object, **kwargs: object) -> None:
        """Add a resource for a template of this module; OPTIONS omits the methods in the resource's ``disabled``."""
        methods: dict[str, Any] = map_http_methods(resource)
        disabled: frozenset[str] = getattr(resource, "disabled", frozenset())
        methods["OPTIONS"] = _options(", ".join(sorted({*methods, "OPTIONS"} - disabled)))
        set_default_responders(methods)
        self._routes[uri_template] = (resource, methods)

    def find(self, uri: str, req: falcon.Request | None = None) -> Found | None:
        """Returns the resource for a path, or None.

        Raises NameInvalid if the repository name is malformed, and HTTPMovedPermanently if the path is valid without
        duplicate slashes or a trailing one, as Distribution's router does.
        """
        try:
            found = self._find(uri)
        except NameInvalid:
            self._move(uri, req)
            raise
        if found is None:
            self._move(uri, req)
        return found

    def _move(self, uri: str, req: falcon.Request | None) -> None:
        single = _SLASHES.sub("/", uri)
        for clean in (single, single.rstrip("/")):
            with suppress(NameInvalid):
                if clean != uri and self._find(clean) is not None:
                    query = f"?{req.query_string}" if req is not None and req.query_string else ""
                    raise falcon.HTTPMovedPermanently(quote(clean, safe="/:") + query)

    def _find(self, uri: str) -> Found | None:
        if self._prefix:
            if not uri.startswith(self._prefix):
                return None
            uri = uri[len(self._prefix) :]
        if uri in _FIXED:
            if uri not in self._routes:
                return None
            resource, methods = self._routes[uri]
            return resource, methods, {}, uri
        if not uri.startswith("/v2/"):
            return None
        split = _split(uri[4:])
        if split is None:
            return None
        template, params = split
        check_name(params["name"])
        resource, methods = self._routes[template]
        return resource, methods, params, template


def _options(allowed: str) -> Callable[..., None]:
    def on_options(req: falcon.Request, resp: falcon.Response, **params: str) -> None:
        resp.set_header("Allow", allowed)
        resp.content_length = 0

    return on_options


def _split(path: str) -> tuple[str, dict[str, str]] | None:
    rest, _, last = path.rpartition("/")
    name, _, kind = rest.rpartition("/")
    if kind == "manifests":
        return MANIFEST, {"name": name, "reference": last}
    if kind == "blobs":
        if last == "uploads":
            return UPLOADS, {"name": name}
        return BLOB, {"name": name, "digest": last}
    if kind == "uploads" and name.endswith("/blobs"):
        name = name[: -len("/blobs")]
        return (UPLOAD, {"name": name, "uuid": last}) if last else (UPLOADS, {"name": name})
    if kind == "tags" and last == "list":
        return TAGS, {"name": name}
    if kind == "referrers":
        return REFERRERS, {"name": name, "digest": last}
    return None
