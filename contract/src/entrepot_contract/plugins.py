"""Finding and loading plugins by group and name, on stevedore: for a host, and for drivers that wrap other drivers."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Final, Protocol, TypeVar

from stevedore import DriverManager

from entrepot_contract.auth import AUTH_CONTRACT_VERSION, Authenticator
from entrepot_contract.compatibility import bug, compatibility_fault, import_fault
from entrepot_contract.errors import ConfigError, StorageError
from entrepot_contract.notify import NOTIFY_CONTRACT_VERSION, NotificationSink
from entrepot_contract.options import nearest
from entrepot_contract.server import SERVER_CONTRACT_VERSION, ServerDriver
from entrepot_contract.storage import CONTRACT_VERSION, StorageDriver

__all__ = [
    "AUTH",
    "HOOKS",
    "NOTIFY",
    "SERVER",
    "STORAGE",
    "Configurable",
    "Created",
    "NotInstalledError",
    "PluginError",
    "claims",
    "create",
    "incompatible",
    "kind_of",
    "load",
    "package_named",
    "package_of",
]

Created = TypeVar("Created", covariant=True)

STORAGE: Final = "entrepot.storage"
AUTH: Final = "entrepot.auth"
NOTIFY: Final = "entrepot.notify"
SERVER: Final = "entrepot.server"
HOOKS: Final = "entrepot.hooks"

_BASES: Final[dict[str, tuple[type, tuple[int, int]]]] = {
    STORAGE: (StorageDriver, CONTRACT_VERSION),
    AUTH: (Authenticator, AUTH_CONTRACT_VERSION),
    NOTIFY: (NotificationSink, NOTIFY_CONTRACT_VERSION),
    SERVER: (ServerDriver, SERVER_CONTRACT_VERSION),
}


class PluginError(Exception):
    """A plugin that was requested by name cannot be used; the message states which, why, and what to do."""


class NotInstalledError(PluginError):
    """No installed package provides a name; ``group``, ``name`` and the names that are ``installed``."""

    def __init__(self, group: str, name: str, installed: Collection[str]) -> None:
        self.group, self.name, self.installed = group, name, tuple(sorted(set(installed)))
        available = f"installed: {', '.join(self.installed)}" if installed else "none is installed"
        hint = nearest(name, self.installed)
        self.similar = "did you mean" in hint
        """Whether the message names a similar plugin."""
        super().__init__(f"no {kind_of(group)} plugin is called {name!r}; {available}{hint if self.similar else ''}")


class Configurable(Protocol[Created]):
    """A plugin that is created from options."""

    def from_config(self, config: Mapping[str, object]) -> Created: ...


class _Loader(DriverManager[object]):
    """Loads one entry point that was already found: stevedore's cache in the user's home may be outdated."""

    def __init__(self, claim: EntryPoint) -> None:
        self._claim = claim
        super().__init__(claim.group, claim.name, on_missing_entrypoints_callback=None)

    def list_entry_points(self) -> list[EntryPoint]:
        """Return the entry point."""
        return [self._claim]


def kind_of(group: str) -> str:
    """Return the kind of the plugins of a group, such as ``storage``."""
    return group.removeprefix("entrepot.")


def claims(group: str) -> list[EntryPoint]:
    """Return the entry points of a group, sorted by name.

    Read with importlib.metadata, because stevedore's cache loses the package of an entry point. They are read anew when
    the import path or one of its directories changes.
    """
    return sorted(
        _entry_points(group, tuple((entry, _changed(entry)) for entry in sys.path)),
        key=lambda claim: (claim.name, claim.value),
    )


@lru_cache(maxsize=8)
def _entry_points(group: str, _path: tuple[tuple[str, int], ...]) -> EntryPoints:
    return entry_points(group=group)


def _changed(entry: str) -> int:
    try:
        return os.stat(entry or ".").st_mtime_ns
    except OSError:
        return 0


def package_of(claim: EntryPoint) -> str:
    """Return the package of an entry point with its version, or an empty string if it has none."""
    return f"{claim.dist.name} {claim.dist.version}" if claim.dist is not None else ""


def package_named(group: str, name: str) -> str:
    """Return the package that provides a name, with its version, or an empty string."""
    return next((package_of(claim) for claim in claims(group) if claim.name == name), "")


def incompatible(group: str, plugin: object, package: str) -> str | None:
    """Return why an object of a package cannot be used as a plugin of a group and what to do, or None if it can."""
    if group not in _BASES:
        return None
    base, version = _BASES[group]
    return compatibility_fault(plugin, package, base, version)


def load(group: str, name: str) -> object:
    """Return the plugin of a group with this name.

    Raises NotInstalledError, or PluginError if the name is provided by two packages, or if the plugin cannot be
    imported or is not compatible with this contract.
    """
    kind, found = kind_of(group), claims(group)
    mine = [claim for claim in found if claim.name == name]
    if not mine:
        raise NotInstalledError(group, name, [claim.name for claim in found])
    if len(mine) > 1:
        packages = " and ".join(package_of(claim) or claim.value for claim in mine)
        raise PluginError(f"the {kind} name {name!r} is provided by {packages}; uninstall one of them")
    package = package_of(mine[0])
    try:
        plugin: object = _Loader(mine[0]).driver
    except (Exception, SystemExit) as error:
        raise PluginError(f"the {kind} plugin {name!r} cannot be imported: {import_fault(error, package)}") from error
    if fault := incompatible(group, plugin, package):
        raise PluginError(f"the {kind} plugin {name!r} cannot be used: {fault}")
    return plugin


def create(group: str, name: str, plugin: Configurable[Created], options: Mapping[str, object]) -> Created:
    """Return an instance of a loaded plugin with options.

    Raises ConfigError if the options are invalid: with the package at the end of its message, or with a ``key`` if they
    are those of a nested driver. Raises PluginError for any exception that is not a StorageError.
    """
    try:
        return plugin.from_config(options)
    except ConfigError as error:
        if error.key is not None:
            raise
        message = f"{error.message} ({package_named(group, name)})"
        raise ConfigError(message, driver=error.driver, operation=error.operation) from error
    except StorageError:
        raise
    except Exception as error:
        raise PluginError(bug(error, kind_of(group), name, package_named(group, name))) from error
