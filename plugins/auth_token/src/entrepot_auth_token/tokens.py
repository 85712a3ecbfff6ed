"""The token endpoint."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from entrepot_auth_token.answers import oauth_error, registry_error
from entrepot_auth_token.minting import AccessTokens
from entrepot_auth_token.options import TokenOptions
from entrepot_auth_token.refresh import RefreshTokens
from entrepot_auth_token.scopes import ScopeError, format_scope, parse_scopes
from entrepot_auth_token.signatures import Signatures
from entrepot_auth_token.signing import SigningKeys
from entrepot_contract.auth import Access, Identity, Presented, Refused
from entrepot_contract.tokens import Authority, TokenAnswer, TokenRequest

__all__ = ["Issuer"]

_KINDS: Final = frozenset({"repository", "registry"})
_NO_STORE: Final = {"Cache-Control": "no-store"}
_WRONG: Final = "the user name or password is wrong"


class Issuer:
    """Handles token requests."""

    def __init__(
        self, options: TokenOptions, keys: SigningKeys, signatures: Signatures, clock: Callable[[], float]
    ) -> None:
        self._service = options.service
        self._clock = clock
        self._access = AccessTokens(options, keys)
        self._refresh = RefreshTokens(options, keys, signatures)

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        """Handle a token request and return the response."""
        return (self._get if request.method == "GET" else self._post)(request, authority)

    def _get(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        """Handle GET (Distribution, "Requesting a Token")."""
        parameters = request.parameters
        if not set(parameters.get("service", ())) <= {self._service}:
            return registry_error(
                400, "UNSUPPORTED", f"this endpoint issues tokens for the service {self._service} only"
            )
        try:
            wanted = parse_scopes(parameters.get("scope", ()))
            identity = authority.authenticate(request.presented)
            granted = _granted(authority, identity, wanted)
            content = self._access.answer(identity, wanted, granted, self._clock())
        except ScopeError as error:
            return registry_error(400, "UNSUPPORTED", str(error))
        except Refused:
            return registry_error(401, "UNAUTHORIZED", _WRONG, basic=self._service)
        if "true" in parameters.get("offline_token", ()) and identity is not None:
            content |= self._offline(identity, authority)
        return TokenAnswer(200, content, _NO_STORE)

    def _post(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        """Handle POST (Distribution, "Oauth2 Token Authentication", "Getting a token")."""
        form = request.parameters
        if any(len(values) > 1 for values in form.values()):
            return oauth_error(400, "invalid_request", "duplicate parameter")
        missing = [name for name in ("grant_type", "service", "client_id") if not _one(form, name)]
        if missing:
            return oauth_error(400, "invalid_request", f"{missing[0]} is missing")
        if _one(form, "service") != self._service:
            return oauth_error(
                400, "invalid_request", f"this endpoint issues tokens for the service {self._service} only"
            )
        grant = _one(form, "grant_type")
        if grant not in ("password", "refresh_token"):
            return oauth_error(400, "unsupported_grant_type", "grant_type must be password or refresh_token")
        try:
            wanted = parse_scopes(form.get("scope", ()))
            identity = (self._by_password if grant == "password" else self._by_token)(request, authority)
            granted = _granted(authority, identity, wanted)
            content = self._access.answer(identity, wanted, granted, self._clock())
        except ScopeError as error:
            return oauth_error(400, "invalid_scope", str(error))
        except Refused as error:
            # RFC 6749 specifies 400, but clients only ask the user for credentials again on 401.
            reason = _WRONG if grant == "password" else str(error)
            return oauth_error(401, "invalid_grant", reason, basic=self._service)
        content["scope"] = format_scope(granted)
        if _one(form, "access_type") == "offline":
            same = {"refresh_token": _one(form, "refresh_token")}
            content |= self._offline(identity, authority) if grant == "password" else same
        return TokenAnswer(200, content, _NO_STORE)

    def _by_password(self, request: TokenRequest, authority: Authority) -> Identity:
        user, password = _one(request.parameters, "username"), _one(request.parameters, "password")
        if ":" in user:
            raise Refused("a user name cannot contain a colon (RFC 7617, 2)")
        basic = base64.b64encode(f"{user}:{password}".encode(errors="surrogatepass")).decode()
        presented = Presented(f"Basic {basic}", request.presented.address, request.presented.base_url)
        identity = authority.authenticate(presented)
        if identity is None:
            raise Refused("unknown user")
        return identity

    def _by_token(self, request: TokenRequest, authority: Authority) -> Identity:
        return self._refresh.user(_one(request.parameters, "refresh_token"), authority, self._clock())

    def _offline(self, identity: Identity, authority: Authority) -> Mapping[str, object]:
        """Return a refresh token if the authority can look the user up when the token is used."""
        user = authority.user(identity.name)
        return {} if user is None else {"refresh_token": self._refresh.make(user, self._clock())}


def _granted(authority: Authority, identity: Identity | None, wanted: Sequence[Access]) -> Iterable[Access]:
    """Return the allowed subset of the requested accesses, in request order."""
    allowed = authority.allowed(identity, [access for access in wanted if access.kind in _KINDS])
    return [access for access in wanted if access in allowed]


def _one(form: Mapping[str, Sequence[str]], name: str) -> str:
    values = form.get(name)
    return values[0] if values else ""
