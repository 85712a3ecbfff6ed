"""Whether a plugin was written for a contract that this host can keep."""

from __future__ import annotations

from entrepot_contract import CONTRACT_VERSION, StorageDriver
from entrepot_contract.auth import AUTH_CONTRACT_VERSION, Authenticator
from entrepot_contract.notify import NOTIFY_CONTRACT_VERSION, NotificationSink
from entrepot_contract.server import ServerDriver

__all__ = ["contract_of", "unfit_auth", "unfit_notify", "unfit_server", "unfit_storage"]


def unfit_storage(plugin: object) -> str | None:
    """Why an object cannot be used as a storage driver, or None."""
    return _unfit(plugin, StorageDriver, CONTRACT_VERSION)


def unfit_auth(plugin: object) -> str | None:
    """Why an object cannot be used as an authenticator, or None."""
    return _unfit(plugin, Authenticator, AUTH_CONTRACT_VERSION)


def unfit_notify(plugin: object) -> str | None:
    """Why an object cannot be used as a notification sink, or None."""
    return _unfit(plugin, NotificationSink, NOTIFY_CONTRACT_VERSION)


def unfit_server(plugin: object) -> str | None:
    """Why an object cannot be used as a server, or None."""
    return _unfit(plugin, ServerDriver, CONTRACT_VERSION)


def contract_of(plugin: object) -> tuple[int, int] | None:
    """The version of the contract that a plugin says it was written for."""
    version = getattr(plugin, "contract", None)
    if isinstance(version, tuple) and len(version) == 2 and all(isinstance(part, int) for part in version):
        return version
    return None


def _unfit(plugin: object, base: type, kept: tuple[int, int]) -> str | None:
    if not (isinstance(plugin, type) and issubclass(plugin, base)):
        return f"it is no subclass of {base.__module__}.{base.__name__}"
    version = contract_of(plugin)
    if version is None:
        return "it does not say for which contract it was written; it needs contract = (major, minor)"
    if version[0] != kept[0] or version[1] > kept[1]:
        here = ".".join(map(str, kept))
        age = "a newer" if version > kept else "an older"
        return (
            f"it was written for contract {version[0]}.{version[1]} and this host keeps {here}; "
            f"install {age} entrepot, or another version of the plugin"
        )
    return None
