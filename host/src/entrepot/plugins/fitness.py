"""Whether a plugin was written for a contract that this host can keep, and keeps it itself as far as can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from entrepot_contract import CONTRACT_VERSION, DriverOptions, StorageDriver
from entrepot_contract.auth import AUTH_CONTRACT_VERSION, Authenticator
from entrepot_contract.notify import NOTIFY_CONTRACT_VERSION, NotificationSink
from entrepot_contract.server import ServerDriver

__all__ = ["Unfit", "contract_of", "import_fault", "unfit_auth", "unfit_notify", "unfit_server", "unfit_storage"]

Unfit = Callable[[object, str], str | None]
"""Why an object of a package cannot be used as a plugin of some kind and what to do about it, or None."""


def unfit_storage(plugin: object, package: str) -> str | None:
    """Why an object of a package cannot be used as a storage driver, or None."""
    return _unfit(plugin, package, StorageDriver, CONTRACT_VERSION)


def unfit_auth(plugin: object, package: str) -> str | None:
    """Why an object of a package cannot be used as an authenticator, or None."""
    return _unfit(plugin, package, Authenticator, AUTH_CONTRACT_VERSION)


def unfit_notify(plugin: object, package: str) -> str | None:
    """Why an object of a package cannot be used as a notification sink, or None."""
    return _unfit(plugin, package, NotificationSink, NOTIFY_CONTRACT_VERSION)


def unfit_server(plugin: object, package: str) -> str | None:
    """Why an object of a package cannot be used as a server, or None."""
    return _unfit(plugin, package, ServerDriver, CONTRACT_VERSION)


def contract_of(plugin: object) -> tuple[int, int] | None:
    """The version of the contract that a plugin says it was written for."""
    version = getattr(plugin, "contract", None)
    if isinstance(version, tuple) and len(version) == 2 and all(isinstance(part, int) for part in version):
        return version
    return None


def import_fault(error: BaseException, package: str) -> str:
    """Why a plugin of a package cannot be imported, and what to do about it, in one line."""
    reason = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    again = f": pip install --force-reinstall {package.split()[0]}" if package else ""
    return f"{reason}; install {package or 'its package'} and what it needs again{again}"


_AUTHOR: Final = "or tell its author"


def _unfit(plugin: object, package: str, base: type, kept: tuple[int, int]) -> str | None:
    package = package or "the package"
    other = f"install another version of it than {package}, {_AUTHOR}"
    if not (isinstance(plugin, type) and issubclass(plugin, base)):
        return f"it is no subclass of {base.__module__}.{base.__name__}; {other}"
    version = contract_of(plugin)
    if version is None:
        return f"it does not say for which contract it was written; it needs contract = (major, minor); {other}"
    if version[0] != kept[0] or version[1] > kept[1]:
        here = ".".join(map(str, kept))
        age = "a newer" if version > kept else "an older"
        return (
            f"it was written for contract {version[0]}.{version[1]} and this host keeps {here}; "
            f"install {age} entrepot, or another version of it than {package}"
        )
    lacking = _lacking(plugin, base)
    return f"it lacks {', '.join(lacking)} of its contract; {other}" if lacking else None


def _lacking(plugin: type, base: type) -> list[str]:
    """The verbs and attributes of the contract that a plugin has left out, in the contract's order."""
    lacking = [name for name in vars(base) if name in getattr(plugin, "__abstractmethods__", ())]
    if not isinstance(getattr(plugin, "name", None), str):
        lacking.append("name")
    if "Options" in base.__annotations__:
        options = getattr(plugin, "Options", None)
        if not (isinstance(options, type) and issubclass(options, DriverOptions)):
            lacking.append("Options below entrepot_contract.DriverOptions")
    return lacking
