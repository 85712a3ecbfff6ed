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

    certificate: str = Field(
        examples=["/etc/entrepot/tls/server.pem"],
        description="PEM file with the certificate and its chain; reloaded when it changes, without interrupting open "
        "connections. Requires granian or gunicorn.",
    )
    key: str = Field(
        examples=["/etc/entrepot/tls/server-key.pem"], description="PEM file with the private key; also reloaded."
    )
    minimumtls: Literal["tls1.2", "tls1.3"] = Field(default="tls1.2", description="Minimum version of TLS.")
    clientcas: list[str] = Field(
        default_factory=list,
        description="PEM files with the CAs that may issue client certificates. Requires gunicorn.",
    )
    clientauth: Literal[
        "require-and-verify-client-cert",
        "verify-client-cert-if-given",
        "require-any-client-cert",
        "request-client-cert",
    ] = Field(
        default="require-and-verify-client-cert",
        description="Whether clients must have a certificate. Ignored without `clientcas`; with it, the last two are "
        "rejected, because they do not verify certificates.",
    )

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

    disabled: bool = Field(default=False, description="Disable HTTP/2 over TLS, which only granian supports.")


class H2cConfig(Section):
    """HTTP/2 without TLS."""

    enabled: bool = Field(default=False, description="Enable HTTP/2 without TLS.")


class PrometheusConfig(Section):
    """Metrics, in the text format of Prometheus."""

    enabled: bool = Field(default=False, description="Serve metrics of the notifications for Prometheus.")
    path: str = Field(default="/metrics", pattern=r"^/[A-Za-z0-9._~/-]*$", description="Path of the metrics.")


class DebugConfig(Section):
    """A second address for debugging and monitoring."""

    addr: ListenAddress | None = Field(
        default=None, description="Address of the metrics endpoint; reachable only from your own network."
    )
    prometheus: PrometheusConfig = PrometheusConfig()

    @field_validator("addr", mode="before")
    @classmethod
    def _empty_is_none(cls, raw: object) -> object:
        return raw or None


class HttpConfig(Section):
    """Where the registry listens, and its HTTP options.

    ``idletimeout``, ``server``, ``workers`` and ``threads`` are specific to entrepot; 0 leaves a number to the server.
    """

    addr: ListenAddress = Field(
        default=Address("127.0.0.1", 5000),
        examples=[":443"],
        description="Address to listen on: `host:port`, or `:port` for every interface.",
    )
    net: Literal["tcp"] = Field(default="tcp", description="Kind of network.")
    host: str | None = Field(
        default=None,
        examples=["https://registry.example.com"],
        description="Scheme and host of the URLs in responses; without it, those of the request.",
    )
    prefix: str = Field(default="/", description="Path before `/v2/`; begins and ends with a slash.")
    secret: SecretStr = Field(
        default=SecretStr(""),
        examples=["the same on all hosts that share a storage"],
        description="Key that signs the state in upload URLs; required if several hosts share a storage. Without it, a "
        "random one is used.",
    )
    relativeurls: bool = Field(default=False, description="Use relative URLs in responses.")
    headers: dict[str, list[str]] = Field(
        default_factory=dict,
        examples=[{"X-Content-Type-Options": ["nosniff"]}],
        description="Headers added to every response.",
    )
    draintimeout: Duration = Field(
        default=timedelta(seconds=30), description="How long active requests may take after SIGTERM."
    )
    idletimeout: Duration = Field(
        default=timedelta(seconds=620),
        ge=timedelta(seconds=1),
        description="How long an idle connection stays open; must be longer than the idle timeout of a proxy in front "
        "(*extension*).",
    )
    tls: TlsConfig | None = None
    http2: Http2Config = Http2Config()
    h2c: H2cConfig = H2cConfig()
    server: str | dict[str, dict[str, object]] = Field(
        default="auto",
        repr=False,
        examples=["granian"],
        description="Name of an installed server, such as `granian`, `gunicorn` or `waitress`, or a mapping of the "
        "name to the server's options. `auto` selects the one with the highest priority that supports the settings of "
        "`http.tls`: the first of these three, in this order (*extension*).",
    )
    workers: int = Field(
        default=0,
        ge=0,
        examples=[2],
        description="Number of worker processes; 0 means one per core (*extension*).",
    )
    threads: int = Field(
        default=0,
        ge=0,
        description="Number of requests that a worker handles concurrently; 0 means the server's default "
        "(*extension*).",
    )
    debug: DebugConfig = DebugConfig()
    trustedproxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="Networks of trusted proxies, such as 10.0.0.0/8: `X-Forwarded-For` is accepted only from these "
        "and, if this key is set, so are `X-Forwarded-Host`, `X-Forwarded-Proto` and `Forwarded` (*extension*).",
    )

    @property
    def server_name(self) -> str:
        """The name of the server, or ``auto``."""
        return self.server if isinstance(self.server, str) else next(iter(self.server))

    @property
    def server_options(self) -> Mapping[str, object]:
        """The options of the server."""
        return {} if isinstance(self.server, str) else self.server[self.server_name]

    @field_validator("server", mode="before")
    @classmethod
    def _one_server(cls, raw: object) -> object:
        if isinstance(raw, str):
            return raw
        if not isinstance(raw, Mapping):
            raise ValueError("must be the name of a server, or map it to its options")  # noqa: TRY004 - for pydantic
        if len(raw) != 1:
            raise ValueError("must name exactly one server")
        ((name, options),) = raw.items()
        if options is not None and not isinstance(options, Mapping):
            raise ValueError(f"must map {name} to its options")
        if name == "auto" and options:
            raise ValueError("must name a server to set its options, since they depend on the server")
        return {str(name): dict(options or {})}

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
