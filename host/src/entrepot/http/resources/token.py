"""The token endpoint: HTTP for an authenticator that issues tokens."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import parse_qs

import falcon

from entrepot.access import HostAuthority, Limits
from entrepot.errors import RegistryError
from entrepot.http.content import json_body, request_body
from entrepot.http.guard import presented_by
from entrepot.http.urls import Urls
from entrepot_contract.tokens import TokenIssuer, TokenRequest

__all__ = ["TokenResource"]

_MAX_FORM: Final = 64 * 2**10
_MAX_FIELDS: Final = 128


class TokenRequestInvalid(RegistryError):  # noqa: N818 - like the specification's codes
    code, status, message = "UNSUPPORTED", 400, "invalid token request"


class TokenResource:
    """``/auth/token`` (Distribution, "Token Authentication Specification", "Oauth2 Token Authentication")."""

    def __init__(self, issuer: TokenIssuer, authority: HostAuthority, limits: Limits, urls: Urls) -> None:
        self._issuer = issuer
        self._authority = authority
        self._limits = limits
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._respond(req, resp, "GET", req.query_string)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        if (req.content_type or "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
            raise TokenRequestInvalid("the body must be application/x-www-form-urlencoded")
        body, parts = request_body(req), list[bytes]()
        while not body.ended and body.received <= _MAX_FORM:
            parts.append(body.read(_MAX_FORM))
        if body.received > _MAX_FORM:
            raise TokenRequestInvalid(f"at most {_MAX_FORM} bytes")
        body.check_whole()
        self._respond(req, resp, "POST", b"".join(parts).decode("latin-1"))

    def _respond(self, req: falcon.Request, resp: falcon.Response, method: Literal["GET", "POST"], form: str) -> None:
        try:
            parameters = parse_qs(form, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
        except ValueError:
            # Not chained: the error message quotes the value, which may be a password.
            raise TokenRequestInvalid("the parameters are not valid UTF-8, or too many") from None
        presented = presented_by(req, self._urls)
        if presented.authorization is not None or method == "POST":
            self._limits.before_login(presented.address)
        issued = self._issuer.issue(TokenRequest(method, parameters, presented), self._authority)
        resp.status = issued.status
        resp.content_type = "application/json"
        resp.set_headers({"Cache-Control": "no-store", **issued.headers})
        resp.data = json_body(issued.content)
