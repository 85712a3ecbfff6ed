"""The part of the configuration that the registry and its HTTP layer need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from entrepot_contract.events import Source

__all__ = ["HttpSettings", "IndexPolicy", "Platform", "PurgeSettings", "RegistrySettings", "UrlPolicy"]


@dataclass(frozen=True, slots=True)
class Platform:
    """An architecture and an operating system, as named in an image index (image-spec, image-index.md)."""

    architecture: str
    os: str


@dataclass(frozen=True, slots=True)
class IndexPolicy:
    """Which children of an image index must exist when it is pushed: all, none, or those of some platforms."""

    require: Literal["all", "none", "list"] = "all"
    platforms: tuple[Platform, ...] = ()


@dataclass(frozen=True, slots=True)
class UrlPolicy:
    """Which ``urls`` a foreign layer may have: one ``allow`` must match if any is set, and no ``deny`` may match."""

    allow: tuple[re.Pattern[str], ...] = ()
    deny: tuple[re.Pattern[str], ...] = ()


@dataclass(frozen=True, slots=True)
class PurgeSettings:
    """When an abandoned upload is deleted (distribution-spec, "Cancel a blob upload")."""

    enabled: bool = True
    age: timedelta = timedelta(hours=168)
    interval: timedelta = timedelta(hours=24)
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """The rules of the registry; sizes are in bytes, limits in entries.

    - ``upload_slice``: maximum part of a request body written to the driver at once; at most this much is lost if
      the host crashes.
    - ``upload_held``: uploads up to this size are stored inside their own record, which needs no further storage
      request.
    """

    delete_enabled: bool = False
    readonly: bool = False
    validation: bool = True
    index: IndexPolicy = field(default_factory=IndexPolicy)
    urls: UrlPolicy = field(default_factory=UrlPolicy)
    catalog_max: int = 1000
    tags_max: int = 1000
    manifest_max_size: int = 4 * 2**20
    manifest_cache_size: int = 16 * 2**20
    upload_slice: int = 256 * 2**20
    upload_held: int = 256 * 2**10
    purge: PurgeSettings = field(default_factory=PurgeSettings)

    @property
    def disabled(self) -> frozenset[str]:
        """The HTTP methods that are rejected for all resources."""
        if self.readonly:
            return frozenset({"POST", "PUT", "PATCH", "DELETE"})
        return frozenset() if self.delete_enabled else frozenset({"DELETE"})


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Settings of the HTTP layer.

    - ``base_url``: scheme and host of every absolute URL; None takes them from the request.
    - ``prefix``: the path before ``/v2/``, with a slash at both ends.
    - ``secret``: signs the state in an upload's URL; must be the same on all hosts that share a storage.
    - ``redirect``: whether a GET of a blob may redirect to a URL of the backend.
    - ``access_log``: whether each request is logged.
    - ``trusted_proxies``: networks whose X-Forwarded-For is trusted. If any is set, Forwarded, X-Forwarded-Host and
      X-Forwarded-Proto are trusted from these networks only.
    - ``source``: the source named in events.
    """

    secret: bytes = field(repr=False)
    base_url: str | None = None
    prefix: str = "/"
    relative_urls: bool = False
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    redirect: bool = True
    access_log: bool = True
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    source: Source | None = None
