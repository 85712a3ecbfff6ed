"""Middleware between the router and the resources: rate limits and access control."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import falcon

from entrepot.access import Gate, Limits
from entrepot.access.rules import CATALOG
from entrepot.http import router
from entrepot.http.content import requested_mount
from entrepot.http.urls import Urls
from entrepot_contract.auth import Access, Presented, Refused
from entrepot_contract.server import CLIENT_CERTIFICATE

__all__ = ["Guard", "LimitGuard", "presented_by", "wanted"]

_log = logging.getLogger(__name__)

_OPEN: Final = frozenset({router.ROOT, router.V2_BARE, router.TOKEN})
"""Paths that reveal nothing about the content of the registry, or where clients authenticate."""

_ANONYMOUS: Final = re.compile(r"basic +Og== *\Z", re.IGNORECASE)
"""The Basic credential (RFC 7617) with empty name and password, which skopeo 1.9 and podman 4.3 send."""

_PULL: Final = ("pull",)
_PUSH: Final = ("pull", "push")
_DELETE: Final = ("delete",)
_ACTIONS: Final = {"POST": _PUSH, "PUT": _PUSH, "PATCH": _PUSH, "DELETE": _DELETE}
_SENDING: Final = frozenset({"POST", "PUT", "PATCH"})
_BODIES: Final = frozenset({router.UPLOAD, router.UPLOADS, router.MANIFEST, router.TOKEN})
"""Routes that read a request body, where a slow client occupies a thread."""


@lru_cache(maxsize=8192)
def wanted(template: str, method: str, name: str | None) -> tuple[Access, ...]:
    """Returns the accesses that a request requires, by Distribution's table ("Token Authentication Specification").

    Unlike in Distribution, all requests of an upload require push, including its cancellation.
    """
    if template == router.CATALOG:
        return (CATALOG,)
    if name is None:
        return ()
    actions = _PUSH if template in (router.UPLOAD, router.UPLOADS) else _ACTIONS.get(method, _PULL)
    return tuple(Access("repository", name, action) for action in actions)


def presented_by(req: falcon.Request, urls: Urls) -> Presented:
    """Returns the credentials of a request; some clients send empty name and password without a login."""
    authorization = req.env.get("HTTP_AUTHORIZATION")
    if authorization is not None and _ANONYMOUS.match(authorization):
        authorization = None
    return Presented(authorization, req.context.address, urls.base(req))


def _source(req: falcon.Request) -> tuple[Access, ...]:
    """Returns the access that a mount needs besides push; without it, the mount becomes an ordinary upload."""
    mount = requested_mount(req)
    return () if mount is None or mount.source is None else (Access("repository", mount.source, "pull"),)


class Guard:
    """Access control: passes a request to its resource, or raises an error."""

    def __init__(self, gate: Gate, limits: Limits, urls: Urls) -> None:
        self._gate = gate
        self._limits = limits
        self._urls = urls

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Falcon's hook before routing."""
        req.context.identity = None

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: object, params: dict[str, str]
    ) -> None:
        """Falcon's hook between routing and the resource."""
        template = str(req.uri_template)
        if template in _OPEN or req.method == "OPTIONS":
            return
        presented = presented_by(req, self._urls)
        accesses = wanted(template, req.method, params.get("name"))
        sources = _source(req) if req.method == "POST" and template == router.UPLOADS else ()
        self._identify(req, presented, (*accesses, *sources))
        if template == router.V2 and req.context.identity is None and self._gate.authenticators:
            # Clients use this response to find out how to authenticate, even if what they want is public.
            raise self._gate.unauthorized(presented, (), None)
        self._gate.check(presented, req.context.identity, accesses, sources)

    def _identify(self, req: falcon.Request, presented: Presented, accesses: Sequence[Access]) -> None:
        guessable = presented.authorization is not None and presented.authorization[:7].lower() != "bearer "
        if guessable:
            self._limits.before_login(presented.address)
        try:
            identity = self._gate.identify(presented, req.env.get(CLIENT_CERTIFICATE))
        except Refused as refused:
            if guessable:
                self._limits.failed_login(presented.address)
            _log.warning("credential rejected: address=%s reason=%s id=%s", presented.address, refused, req.context.id)
            raise self._gate.unauthorized(presented, accesses, "invalid") from None
        if identity is not None:
            req.context.identity = identity
            req.context.user = identity.name
            if identity.name:
                self._limits.request_of(identity.name)


class LimitGuard:
    """Enforces the limits that apply to all clients, authenticated or not."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Falcon's hook before routing."""
        req.context.uploading = False
        self._limits.request_from(req.context.address)

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: object, params: dict[str, str]
    ) -> None:
        """Falcon's hook between routing and the resource."""
        if req.method in _SENDING and req.uri_template in _BODIES:
            self._limits.begin_upload()
            req.context.uploading = True

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Falcon's hook after the resource, called after errors as well."""
        if req.context.uploading:
            req.context.uploading = False
            self._limits.end_upload()
