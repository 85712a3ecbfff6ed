"""Drivers: exactly one must answer to a name, and its failure stops the start."""

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
    """A plugin that was asked for by name cannot be used: which, why, and what to do."""


def load_storage(name: str) -> type[StorageDriver]:
    """The storage driver of a name.

    Raises PluginError where it is not installed, claimed twice, cannot be imported, or does not fit this host.
    """
    return cast("type[StorageDriver]", _load(STORAGE, name, unfit_storage))


def load_auth(name: str) -> type[Authenticator]:
    """The authenticator of a name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[Authenticator]", _load(AUTH, name, unfit_auth))


def load_notify(name: str) -> type[NotificationSink]:
    """The notification sink of a name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[NotificationSink]", _load(NOTIFY, name, unfit_notify))


def load_server(name: str) -> type[ServerDriver]:
    """The server of a name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[ServerDriver]", _load(SERVER, name, unfit_server))


def server_names() -> list[str]:
    """The names of the servers that are installed."""
    return plugin_names_of("server")


def plugin_names_of(kind: str) -> list[str]:
    """The names of the plugins of a kind (storage, auth, notify, server) that are installed."""
    return sorted({claim.name for claim in claims(f"entrepot.{kind}")})


def _load(group: str, name: str, unfit: Unfit) -> object:
    """What the entry point of a name stands for; ``unfit`` has found it to be of the kind that was asked for."""
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
        """What is installed now: stevedore's cache in the user's home may be older."""
        return claims(self.namespace)
