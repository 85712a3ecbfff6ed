"""Loading of drivers by name: exactly one plugin must have the name, and an error stops the start of the host."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import cast

from stevedore import DriverManager

from entrepot.plugins.fitness import Unfit, import_fault, unfit_auth, unfit_notify, unfit_server, unfit_storage
from entrepot.plugins.installed import AUTH, NOTIFY, SERVER, STORAGE, claims, package_of
from entrepot_contract import StorageDriver
from entrepot_contract.auth import Authenticator
from entrepot_contract.known import not_installed
from entrepot_contract.notify import NotificationSink
from entrepot_contract.server import ServerDriver

__all__ = ["PluginError", "load_auth", "load_notify", "load_server", "load_storage", "plugin_names_of", "server_names"]


class PluginError(Exception):
    """A plugin that was requested by name cannot be used; the message states which, why, and what to do."""


def load_storage(name: str) -> type[StorageDriver]:
    """Returns the storage driver with this name.

    Raises PluginError if it is not installed, claimed by two packages, not importable, or incompatible with this host.
    """
    return cast("type[StorageDriver]", _load(STORAGE, name, unfit_storage))


def load_auth(name: str) -> type[Authenticator]:
    """Returns the authenticator with this name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[Authenticator]", _load(AUTH, name, unfit_auth))


def load_notify(name: str) -> type[NotificationSink]:
    """Returns the notification sink with this name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[NotificationSink]", _load(NOTIFY, name, unfit_notify))


def load_server(name: str) -> type[ServerDriver]:
    """Returns the server with this name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[ServerDriver]", _load(SERVER, name, unfit_server))


def server_names() -> list[str]:
    """Returns the names of the installed servers."""
    return plugin_names_of("server")


def plugin_names_of(kind: str) -> list[str]:
    """Returns the names of the installed plugins of a kind (storage, auth, notify, server)."""
    return sorted({claim.name for claim in claims(f"entrepot.{kind}")})


def _load(group: str, name: str, unfit: Unfit) -> object:
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
