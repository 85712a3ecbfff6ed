"""The HTTP layer: the distribution specification on Falcon."""

from __future__ import annotations

from typing import cast

import falcon
from falcon.routing import CompiledRouter

from entrepot.access import ClientAddresses, Gate, HostAuthority, Limits
from entrepot.access.limits import LimitSettings
from entrepot.http import router
from entrepot.http.errors import install_error_handlers
from entrepot.http.framing import Framing
from entrepot.http.guard import Guard, LimitGuard
from entrepot.http.middleware import AccessLog, Headers, RequestLog
from entrepot.http.publish import Publisher
from entrepot.http.resources.base import BareResource, RootResource, VersionResource
from entrepot.http.resources.blob import BlobResource
from entrepot.http.resources.catalog import CatalogResource
from entrepot.http.resources.manifest import ManifestResource
from entrepot.http.resources.referrers import ReferrersResource
from entrepot.http.resources.tags import TagsResource
from entrepot.http.resources.token import TokenResource
from entrepot.http.resources.upload import UploadResource, UploadsResource
from entrepot.http.urls import Urls
from entrepot.registry import Registry
from entrepot.settings import HttpSettings
from entrepot_contract.tokens import TokenIssuer

__all__ = ["create_app"]


def create_app(
    registry: Registry,
    settings: HttpSettings,
    access_log: AccessLog | None = None,
    gate: Gate | None = None,
    limits: Limits | None = None,
) -> falcon.App[falcon.Request, falcon.Response]:
    """Returns the WSGI application that serves a registry; without a gate, every client may do everything."""
    limits = limits or Limits(LimitSettings())
    urls = Urls(settings)
    publisher = Publisher(registry, urls, settings)
    routes = router.Router(settings.prefix)
    resources: tuple[tuple[str, object], ...] = (
        (router.ROOT, RootResource()),
        (router.V2_BARE, BareResource(urls)),
        (router.V2, VersionResource()),
        (router.CATALOG, CatalogResource(registry, urls, gate)),
        (router.UPLOADS, UploadsResource(registry, urls, publisher, gate)),
        (router.UPLOAD, UploadResource(registry, urls, publisher)),
        (router.BLOB, BlobResource(registry, publisher, redirect=settings.redirect)),
        (router.MANIFEST, ManifestResource(registry, urls, publisher)),
        (router.TAGS, TagsResource(registry, urls)),
        (router.REFERRERS, ReferrersResource(registry, urls)),
    )
    for template, resource in resources:
        routes.add_route(template, resource)
    for issuer in gate.authenticators if gate is not None else ():
        if gate is not None and isinstance(issuer, TokenIssuer) and issuer.issues:
            authority = HostAuthority(gate, issuer, limits.failed_login)
            routes.add_route(router.TOKEN, TokenResource(issuer, authority, limits, urls))
    # Falcon documents that any router can be used, but its types allow only its own.
    app = falcon.App(router=cast("CompiledRouter", routes))
    clients = ClientAddresses(settings.trusted_proxies)
    app.add_middleware(RequestLog(access_log if settings.access_log else None, clients))
    app.add_middleware(Headers(settings.headers))
    if limits.any:
        app.add_middleware(LimitGuard(limits))
    # After the limits: while a body is drained, its upload still counts.
    app.add_middleware(Framing())
    if gate is not None:
        app.add_middleware(Guard(gate, limits, urls))
    app.req_options.auto_parse_form_urlencoded = False
    app.resp_options.xml_error_serialization = False
    install_error_handlers(app)
    return app
