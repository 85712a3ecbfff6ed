"""The answers of the token endpoint that grant nothing."""

from __future__ import annotations

from entrepot_contract.tokens import TokenAnswer

__all__ = ["oauth_error", "registry_error"]


def registry_error(status: int, code: str, message: str, *, basic: str | None = None) -> TokenAnswer:
    """An error as registries word theirs (OCI distribution-spec, "Error Codes"), with a Basic challenge's realm."""
    return TokenAnswer(status, {"errors": [{"code": code, "message": message}]}, _headers(basic))


def oauth_error(status: int, error: str, description: str, *, basic: str | None = None) -> TokenAnswer:
    """An error as OAuth words them (RFC 6749, 5.2), with a Basic challenge's realm."""
    return TokenAnswer(status, {"error": error, "error_description": description}, _headers(basic))


def _headers(basic: str | None) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if basic is not None:
        headers["WWW-Authenticate"] = f'Basic realm="{basic}"'
    return headers
