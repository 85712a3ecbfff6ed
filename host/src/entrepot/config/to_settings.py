"""Conversion of the configuration to the settings of each part of the host."""

from __future__ import annotations

import socket
from collections.abc import Callable
from uuid import uuid4

from entrepot.access import Rule, Rules
from entrepot.access.limits import LimitSettings
from entrepot.access.rules import DISTRIBUTIONS
from entrepot.addresses import Address
from entrepot.config.http import TlsConfig
from entrepot.config.model import Configuration
from entrepot.settings import HttpSettings, IndexPolicy, Platform, PurgeSettings, RegistrySettings, UrlPolicy
from entrepot_contract.events import Source
from entrepot_contract.server import ServerSettings, TlsSettings

__all__ = ["access_rules", "http_settings", "limit_settings", "registry_settings", "server_settings"]


def registry_settings(configuration: Configuration) -> RegistrySettings:
    """Returns the rules of the registry."""
    maintenance = configuration.storage.maintenance
    validation = configuration.validation
    indexes = validation.manifests.indexes
    return RegistrySettings(
        delete_enabled=configuration.storage.delete.enabled,
        readonly=maintenance.readonly.enabled,
        validation=not validation.disabled,
        index=IndexPolicy(indexes.platforms, tuple(Platform(one.architecture, one.os) for one in indexes.platformlist)),
        urls=UrlPolicy(validation.manifests.urls.allow, validation.manifests.urls.deny),
        catalog_max=configuration.catalog.maxentries,
        tags_max=configuration.tags.maxtags,
        purge=PurgeSettings(
            enabled=maintenance.uploadpurging.enabled,
            age=maintenance.uploadpurging.age,
            interval=maintenance.uploadpurging.interval,
            dry_run=maintenance.uploadpurging.dryrun,
        ),
    )


def http_settings(configuration: Configuration) -> HttpSettings:
    """Returns the settings of the HTTP layer."""
    http = configuration.http
    return HttpSettings(
        secret=http.secret.get_secret_value().encode(),
        base_url=http.host,
        prefix=http.prefix,
        relative_urls=http.relativeurls,
        headers={name: tuple(values) for name, values in http.headers.items()},
        redirect=not configuration.storage.redirect.disable,
        access_log=not configuration.log.accesslog.disabled,
        trusted_proxies=http.trustedproxies,
        source=Source(str(Address(socket.gethostname(), http.addr.port)), str(uuid4())),
    )


def server_settings(
    configuration: Configuration, *, shared: bool, on_ready: Callable[[str, int], None] | None
) -> ServerSettings:
    """Returns the server's settings; ``shared`` is whether several processes may use the storage at the same time."""
    http = configuration.http
    return ServerSettings(
        host=http.addr.host,
        port=http.addr.port,
        workers=http.workers if shared else 1,
        threads=http.threads,
        shared=shared,
        drain_timeout=http.draintimeout.total_seconds(),
        idle_timeout=http.idletimeout.total_seconds(),
        tls=_tls_settings(http.tls) if http.tls else None,
        http2=not http.http2.disabled if http.tls else http.h2c.enabled,
        on_ready=on_ready,
    )


def access_rules(configuration: Configuration) -> Rules | None:
    """Returns the access rules, or None if neither auth nor access is configured, so that everything is allowed."""
    if configuration.access is not None:
        return Rules([Rule.of(rule.who, rule.repository, rule.actions) for rule in configuration.access])
    return DISTRIBUTIONS if configuration.auth else None


def limit_settings(configuration: Configuration) -> LimitSettings:
    """Returns the limits per client."""
    limits = configuration.limits
    return LimitSettings(
        per_address=limits.requests.address,
        per_identity=limits.requests.identity,
        failed_logins=limits.logins,
        uploads=limits.uploads,
    )


def _tls_settings(tls: TlsConfig) -> TlsSettings:
    return TlsSettings(
        certificate=tls.certificate,
        key=tls.key,
        minimum=tls.minimumtls,
        client_cas=tuple(tls.clientcas),
        client_required=tls.clientauth == "require-and-verify-client-cert",
    )
