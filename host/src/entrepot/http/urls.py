"""The URLs in responses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import falcon

from entrepot.access import ClientAddresses
from entrepot.http.state import StateSigner, UploadPosition
from entrepot.registry.names import Digest
from entrepot.settings import HttpSettings

__all__ = ["Urls"]

_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")
"""A host in a URL (RFC 3986, 3.2.2), with an optional port."""


_MAX_HOST: Final = 1024
"""Maximum number of characters evaluated in a header with hosts; the first host is much shorter."""


class Urls:
    """Creates URLs from the client's point of view: behind proxies, below a prefix, absolute or relative."""

    def __init__(self, settings: HttpSettings) -> None:
        self._base = settings.base_url.rstrip("/") if settings.base_url else None
        self._prefix = settings.prefix.rstrip("/")
        self._relative = settings.relative_urls
        self._signer = StateSigner(settings.secret)
        self._proxies = ClientAddresses(settings.trusted_proxies)

    def blob(self, req: falcon.Request, name: str, digest: Digest) -> str:
        """Returns the URL of a blob."""
        return f"{self._root(req)}/v2/{name}/blobs/{digest}"

    def manifest(self, req: falcon.Request, name: str, reference: object) -> str:
        """Returns the URL of a manifest."""
        return f"{self._root(req)}/v2/{name}/manifests/{reference}"

    def absolute_blob(self, req: falcon.Request, name: str, digest: Digest) -> str:
        """Returns the absolute URL of a blob, for other clients."""
        return f"{self.base(req)}v2/{name}/blobs/{digest}"

    def absolute_manifest(self, req: falcon.Request, name: str, digest: Digest) -> str:
        """Returns the absolute URL of a manifest, for other clients."""
        return f"{self.base(req)}v2/{name}/manifests/{digest}"

    def upload(self, req: falcon.Request, position: UploadPosition) -> str:
        """Returns the URL for the next request of an upload."""
        state = self._signer.sign(position)
        return f"{self._root(req)}/v2/{position.name}/blobs/uploads/{position.uuid}?_state={state}"

    def position(self, req: falcon.Request, name: str, uuid: str) -> UploadPosition:
        """Returns the position of an upload in the request's ``_state``; raises BlobUploadInvalid."""
        return self._signer.verify(req.get_param("_state"), name, uuid)

    def path(self, path: str) -> str:
        """Returns a path of this registry with its prefix, for a Link header."""
        return self._prefix + path

    def base(self, req: falcon.Request) -> str:
        """Returns the registry's absolute URL from the client's point of view, with a trailing slash."""
        root = self._base + self._prefix if self._base else self._seen(req)
        return f"{root or f'{req.scheme}://{req.netloc}{self._prefix}'}/"

    def _root(self, req: falcon.Request) -> str:
        if self._relative:
            return self._prefix
        if self._base:
            return self._base + self._prefix
        # Forged headers must not direct a client elsewhere; a relative URL always leads back to this host.
        return self._seen(req) or self._prefix

    def _seen(self, req: falcon.Request) -> str | None:
        if self._proxies.trusts(req.remote_addr):
            host, scheme = req.forwarded_host, req.forwarded_scheme
        else:
            host, scheme = req.netloc, req.scheme
        # Truncated before caching, as a client may send tens of kilobytes.
        site = _site(host[:_MAX_HOST], scheme[:_MAX_HOST])
        return None if site is None else site + self._prefix


@lru_cache(maxsize=1024)
def _site(forwarded_host: str, forwarded_scheme: str) -> str | None:
    # A proxy that appends its own name to X-Forwarded-Host leaves the client's value first.
    host = forwarded_host.partition(",")[0].strip()
    scheme = forwarded_scheme.partition(",")[0].strip().lower()
    return f"{scheme}://{host}" if scheme in ("http", "https") and _HOST.match(host) else None
