"""Compatibility checks: contract version and base class of a plugin, as far as they can be checked without use."""

from __future__ import annotations

from collections.abc import Callable

from entrepot_contract import CONTRACT_VERSION, StorageDriver
from entrepot_contract.auth import AUTH_CONTRACT_VERSION, Authenticator
from entrepot_contract.compatibility import contract_of, import_fault, unfit
from entrepot_contract.notify import NOTIFY_CONTRACT_VERSION, NotificationSink
from entrepot_contract.server import ServerDriver

__all__ = [
    "Incompatible",
    "contract_of",
    "import_fault",
    "incompatible_auth",
    "incompatible_notify",
    "incompatible_server",
    "incompatible_storage",
]

Incompatible = Callable[[object, str], str | None]
"""Returns why an object of a package cannot be used as a plugin of some kind and what to do, or None if it can."""


def incompatible_storage(plugin: object, package: str) -> str | None:
    """Returns why an object of a package cannot be used as a storage driver, or None if it can."""
    return unfit(plugin, package, StorageDriver, CONTRACT_VERSION)


def incompatible_auth(plugin: object, package: str) -> str | None:
    """Returns why an object of a package cannot be used as an authenticator, or None if it can."""
    return unfit(plugin, package, Authenticator, AUTH_CONTRACT_VERSION)


def incompatible_notify(plugin: object, package: str) -> str | None:
    """Returns why an object of a package cannot be used as a notification sink, or None if it can."""
    return unfit(plugin, package, NotificationSink, NOTIFY_CONTRACT_VERSION)


def incompatible_server(plugin: object, package: str) -> str | None:
    """Returns why an object of a package cannot be used as a server, or None if it can."""
    return unfit(plugin, package, ServerDriver, CONTRACT_VERSION)
