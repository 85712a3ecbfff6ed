"""Options of a webhook endpoint, in addition to the host's own keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import httpx
from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from entrepot_contract import DriverOptions
from entrepot_notify_webhook.signature import key_of

__all__ = ["WebhookOptions"]

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_RESERVED: Final = frozenset({"content-length", "content-type", "host", "transfer-encoding", "connection"})


def _lists(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: one if isinstance(one, list | tuple) else [one] for name, one in value.items()}
    return value


class WebhookOptions(DriverOptions):
    """Options of a webhook endpoint.

    - ``url`` may contain a user and a password; ``headers`` maps names to lists of values, as in Distribution.
    - ``secret`` signs each delivery according to Standard Webhooks.
    - ``ca`` is a PEM file with the only CA certificates to trust; ``certificate`` and ``key`` are the client's.
    """

    url: SecretStr
    headers: Annotated[dict[str, tuple[SecretStr, ...]], BeforeValidator(_lists)] = Field(
        default_factory=dict, repr=False
    )
    format: Literal["distribution", "cloudevents"] = "distribution"
    secret: SecretStr | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: SecretStr) -> SecretStr:
        try:
            parsed = httpx.URL(url.get_secret_value())
        except httpx.InvalidURL as error:
            raise ValueError("is not a URL") from error
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise ValueError("must begin with http:// or https:// and name a host")
        return url

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: dict[str, tuple[SecretStr, ...]]) -> dict[str, tuple[SecretStr, ...]]:
        for name, values in headers.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a valid header name")
            if name.lower() in _RESERVED:
                raise ValueError(f"{name} cannot be set: it is set by the plugin")
            if not all(_HEADER_VALUE.fullmatch(value.get_secret_value()) for value in values):
                raise ValueError(f"a value of {name} is not a valid header value")
        return headers

    @field_validator("secret")
    @classmethod
    def _is_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not key_of(secret.get_secret_value()):
            raise ValueError("must not be empty")
        return secret

    @model_validator(mode="after")
    def _certificate_has_a_key(self) -> WebhookOptions:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key must be set together")
        return self
