"""The section ``http``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from entrepot.addresses import Address, ListenAddress
from entrepot.config.section import Section
from entrepot_contract.toolkit.durations import Duration

__all__ = ["Http2Config", "HttpConfig", "TlsConfig"]


class TlsConfig(Section):
    """Paths of PEM files, the minimum TLS version, and the verification of client certificates.

    ``clientauth`` is ignored if ``clientcas`` is empty, as in Docker Distribution.
    """

    refused: ClassVar[Mapping[str, str]] = {
        "letsencrypt": "there would be no certificate; obtain one with certbot and name it in http.tls.certificate",
        "ciphersuites": "clients could negotiate others; remove it, or set http.tls.minimumtls: tls1.3, all of whose "
        "suites are secure, or terminate TLS in a proxy",
    }

    certificate: str
    key: str
    minimumtls: Literal["tls1.2", "tls1.3"] = "tls1.2"
    clientcas: list[str] = Field(default_factory=list)
    clientauth: Literal[
        "require-and-verify-client-cert",
        "verify-client-cert-if-given",
        "require-any-client-cert",
        "request-client-cert",
    ] = "require-and-verify-client-cert"

    @field_validator("clientauth")
    @classmethod
    def _verified(cls, mode: str, info: ValidationInfo) -> str:
        if info.data.get("clientcas") and mode in {"require-any-client-cert", "request-client-cert"}:
            raise ValueError(
                "would accept certificates that are not signed by clientcas as those of users; use "
                "require-and-verify-client-cert, or verify-client-cert-if-given if some clients have none"
            )
        return mode


class Http2Config(Section):
    """HTTP/2 over TLS."""

    disabled: bool = False


class H2cConfig(Section):
    """HTTP/2 without TLS."""

    enabled: bool = False


class PrometheusConfig(Section):
    """Metrics, in the text format of Prometheus."""

    enabled: bool = False
    path: str = Field(default="/metrics", pattern=r"^/[A-Za-z0-9._~/-]*$")


class DebugConfig(Section):
    """A second address for debugging and monitoring."""

    addr: ListenAddress | None = None
    prometheus: PrometheusConfig = PrometheusConfig()

    @field_validator("addr", mode="before")
    @classmethod
    def _empty_is_none(cls, raw: object) -> object:
        return raw or None


class HttpConfig(Section):
    """Where the registry listens, and its HTTP options.

    ``idletimeout``, ``server``, ``workers`` and ``threads`` are specific to entrepot; 0 leaves a number to the server.
    """

    addr: ListenAddress = Address("127.0.0.1", 5000)
    net: Literal["tcp"] = "tcp"
    host: str | None = None
    prefix: str = "/"
    secret: SecretStr = SecretStr("")
    relativeurls: bool = False
    headers: dict[str, list[str]] = Field(default_factory=dict)
    draintimeout: Duration = timedelta(seconds=30)
    idletimeout: Duration = Field(default=timedelta(seconds=620), ge=timedelta(seconds=1))
    tls: TlsConfig | None = None
    http2: Http2Config = Http2Config()
    h2c: H2cConfig = H2cConfig()
    server: str = "auto"
    workers: int = Field(default=0, ge=0)
    threads: int = Field(default=0, ge=0)
    debug: DebugConfig = DebugConfig()
    trustedproxies: tuple[IPv4Network | IPv6Network, ...] = ()

    @field_validator("tls", mode="before")
    @classmethod
    def _empty_is_none(cls, raw: object) -> object:
        return raw or None

    @field_validator("host")
    @classmethod
    def _absolute_url(cls, host: str | None) -> str | None:
        parts = urlsplit(host or "")
        if host and (parts.scheme not in {"http", "https"} or not parts.netloc):
            raise ValueError("is not a URL; use for example https://registry.example.com")
        return host.rstrip("/") if host else None

    @field_validator("prefix")
    @classmethod
    def _between_slashes(cls, prefix: str) -> str:
        if not re.fullmatch(r"/([A-Za-z0-9._~-]+/)*", prefix):
            raise ValueError("must begin and end with a slash, like /my/registry/")
        return prefix

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, list[str]]) -> dict[str, list[str]]:
        for name, values in headers.items():
            if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
                raise ValueError("has a name that is not a valid HTTP header name")
            if not all(re.fullmatch(r"[\t\x20-\x7e]*", value) for value in values):
                raise ValueError(f"has a value for {name} that is not valid in a header")
        return headers
