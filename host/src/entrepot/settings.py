"""What the registry and its HTTP side need to know of the configuration, and nothing else of it."""

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
    """An architecture and an operating system, as an image index names them (image-spec, image-index.md)."""

    architecture: str
    os: str


@dataclass(frozen=True, slots=True)
class IndexPolicy:
    """Which children of an image index must be there when it is pushed: all, none, or those of some platforms."""

    require: Literal["all", "none", "list"] = "all"
    platforms: tuple[Platform, ...] = ()


@dataclass(frozen=True, slots=True)
class UrlPolicy:
    """Which ``urls`` a foreign layer may name: one ``allow`` must match where any is set, and no ``deny`` may."""

    allow: tuple[re.Pattern[str], ...] = ()
    deny: tuple[re.Pattern[str], ...] = ()


@dataclass(frozen=True, slots=True)
class PurgeSettings:
    """When an upload that nobody finishes is dropped (distribution-spec, "Cancel a blob upload")."""

    enabled: bool = True
    age: timedelta = timedelta(hours=168)
    interval: timedelta = timedelta(hours=24)
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """The rules of the registry; sizes are in bytes, limits in entries.

    - ``upload_slice``: what of one request goes to the driver at once, and is lost at the most when this host dies.
    - ``upload_held``: up to here an upload lies in its own record, and costs the storage no request more than that.
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
        """The methods of HTTP that are refused whatever they are about."""
        if self.readonly:
            return frozenset({"POST", "PUT", "PATCH", "DELETE"})
        return frozenset() if self.delete_enabled else frozenset({"DELETE"})


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How the registry shows itself over HTTP.

    - ``base_url``: the scheme and host of every absolute URL; None takes them from the request.
    - ``prefix``: the path before ``/v2/``, with a slash at both ends.
    - ``secret``: signs the state that an upload's URL carries; the same on all hosts of one store.
    - ``redirect``: whether GET of a blob may answer with a URL of the backend.
    - ``access_log``: whether each request is logged.
    - ``trusted_proxies``: the networks whose X-Forwarded-For is believed, and, once there are any, the only ones
      whose Forwarded, X-Forwarded-Host and X-Forwarded-Proto are.
    - ``source``: what events say of where they come from.
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
