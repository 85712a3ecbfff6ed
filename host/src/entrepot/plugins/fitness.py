"""Whether a plugin was written for a contract that this host can keep, and keeps it itself as far as can be seen."""

from __future__ import annotations

from collections.abc import Callable

from entrepot_contract import CONTRACT_VERSION, StorageDriver
from entrepot_contract.auth import AUTH_CONTRACT_VERSION, Authenticator
from entrepot_contract.fitness import contract_of, import_fault, unfit
from entrepot_contract.notify import NOTIFY_CONTRACT_VERSION, NotificationSink
from entrepot_contract.server import ServerDriver

__all__ = ["Unfit", "contract_of", "import_fault", "unfit_auth", "unfit_notify", "unfit_server", "unfit_storage"]

Unfit = Callable[[object, str], str | None]
"""Why an object of a package cannot be used as a plugin of some kind and what to do about it, or None."""


def unfit_storage(plugin: object, package: str) -> str | None:
    """Why an object of a package cannot be used as a storage driver, or None."""
    return unfit(plugin, package, StorageDriver, CONTRACT_VERSION)


def unfit_auth(plugin: object, package: str) -> str | None:
    """Why an object of a package cannot be used as an authenticator, or None."""
    return unfit(plugin, package, Authenticator, AUTH_CONTRACT_VERSION)


def unfit_notify(plugin: object, package: str) -> str | None:
    """Why an object of a package cannot be used as a notification sink, or None."""
    return unfit(plugin, package, NotificationSink, NOTIFY_CONTRACT_VERSION)


def unfit_server(plugin: object, package: str) -> str | None:
    """Why an object of a package cannot be used as a server, or None."""
    return unfit(plugin, package, ServerDriver, CONTRACT_VERSION)
