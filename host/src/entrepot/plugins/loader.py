"""Loading and creation of plugins by name; an error stops the start of the host, and names the package.

Exactly one installed plugin must have the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Protocol, TypeVar, cast

from stevedore import DriverManager

from entrepot.plugins.compatibility import (
    Incompatible,
    import_fault,
    incompatible_auth,
    incompatible_notify,
    incompatible_server,
    incompatible_storage,
)
from entrepot.plugins.installed import AUTH, NOTIFY, SERVER, STORAGE, claims, package_named, package_of
from entrepot_contract import ConfigError, StorageDriver, StorageError
from entrepot_contract.auth import Authenticator
from entrepot_contract.compatibility import defect, with_hint
from entrepot_contract.known import not_installed
from entrepot_contract.notify import NotificationSink
from entrepot_contract.server import ServerDriver

__all__ = [
    "PluginError",
    "load_auth",
    "load_notify",
    "load_server",
    "load_storage",
    "make_auth",
    "make_sink",
    "make_storage",
    "plugin_names_of",
    "server_names",
]

Made = TypeVar("Made", covariant=True)


class PluginError(Exception):
    """A plugin that was requested by name cannot be used; the message states which, why, and what to do."""


def load_storage(name: str) -> type[StorageDriver]:
    """Returns the storage driver with this name.

    Raises PluginError if it is not installed, claimed by two packages, not importable, or incompatible with this host.
    """
    return cast("type[StorageDriver]", _load(STORAGE, name, incompatible_storage))


def load_auth(name: str) -> type[Authenticator]:
    """Returns the authenticator with this name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[Authenticator]", _load(AUTH, name, incompatible_auth))


def load_notify(name: str) -> type[NotificationSink]:
    """Returns the notification sink with this name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[NotificationSink]", _load(NOTIFY, name, incompatible_notify))


def load_server(name: str) -> type[ServerDriver]:
    """Returns the server with this name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[ServerDriver]", _load(SERVER, name, incompatible_server))


def server_names() -> list[str]:
    """Returns the names of the installed servers."""
    return plugin_names_of("server")


def plugin_names_of(kind: str) -> list[str]:
    """Returns the names of the installed plugins of a kind (storage, auth, notify, server)."""
    return sorted({claim.name for claim in claims(f"entrepot.{kind}")})


def _load(group: str, name: str, unfit: Incompatible) -> object:
    """Returns the object of an entry point after ``unfit`` has checked that it is of the requested kind."""
    kind = group.removeprefix("entrepot.")
    found = claims(group)
    mine = [claim for claim in found if claim.name == name]
    if not mine:
        raise PluginError(not_installed(group, name, [claim.name for claim in found]))
    if len(mine) > 1:
        packages = " and ".join(package_of(claim) or claim.value for claim in mine)
        raise PluginError(f"the {kind} name {name!r} is claimed by {packages}; uninstall one of them")
    package = package_of(mine[0])
    try:
        driver: object = _Fresh(group, name, on_missing_entrypoints_callback=None).driver
    except (Exception, SystemExit) as error:
        raise PluginError(f"the {kind} plugin {name!r} cannot be imported: {import_fault(error, package)}") from error
    fault = unfit(driver, package)
    if fault:
        raise PluginError(f"the {kind} plugin {name!r} cannot be used: {fault}")
    return driver


class _Fresh(DriverManager[object]):
    def list_entry_points(self) -> list[EntryPoint]:
        """Returns the currently installed entry points: stevedore's cache in the user's home may be outdated."""
        return claims(self.namespace)


def make_storage(name: str, options: Mapping[str, object]) -> StorageDriver:
    """Returns the storage driver with this name, created with the options.

    Raises PluginError if there is none or it cannot be used, and ConfigError if its options are invalid.
    """
    return _make(STORAGE, name, load_storage(name), options)


def make_auth(name: str, options: Mapping[str, object]) -> Authenticator:
    """Returns the authenticator with this name, created with the options.

    Raises the same errors as ``make_storage``.
    """
    return _make(AUTH, name, load_auth(name), options)


def make_sink(name: str, options: Mapping[str, object]) -> NotificationSink:
    """Returns the notification sink with this name, created with the options.

    Raises the same errors as ``make_storage``.
    """
    return _make(NOTIFY, name, load_notify(name), options)


class _Configurable(Protocol[Made]):
    def from_config(self, config: Mapping[str, object]) -> Made: ...


def _make(group: str, name: str, plugin: _Configurable[Made], options: Mapping[str, object]) -> Made:
    kind = group.removeprefix("entrepot.")
    package = package_named(group, name)
    try:
        return plugin.from_config(options)
    except ConfigError as error:
        if error.key is not None:
            raise  # from a nested driver; its own name and package are already in the message
        raise with_hint(error, kind, name, package) from error
    except StorageError:
        raise
    except Exception as error:
        raise PluginError(defect(error, kind, name, package)) from error
