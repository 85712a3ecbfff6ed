"""Error responses of the token endpoint."""

from __future__ import annotations

from entrepot_contract.tokens import TokenAnswer

__all__ = ["oauth_error", "registry_error"]


def registry_error(status: int, code: str, message: str, *, basic: str | None = None) -> TokenAnswer:
    """Return a registry error (OCI distribution-spec, "Error Codes"); ``basic`` is the realm of a Basic challenge."""
    return TokenAnswer(status, {"errors": [{"code": code, "message": message}]}, _headers(basic))


def oauth_error(status: int, error: str, description: str, *, basic: str | None = None) -> TokenAnswer:
    """Return an OAuth error (RFC 6749, 5.2); ``basic`` is the realm of a Basic challenge."""
    return TokenAnswer(status, {"error": error, "error_description": description}, _headers(basic))


def _headers(basic: str | None) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if basic is not None:
        headers["WWW-Authenticate"] = f'Basic realm="{basic}"'
    return headers
