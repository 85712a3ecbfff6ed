"""Loading and creation of plugins by name; an error stops the start of the host, and names the package.

Exactly one installed plugin must have the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from entrepot.plugins.known import with_package
from entrepot_contract import ConfigError, StorageDriver
from entrepot_contract.auth import Authenticator
from entrepot_contract.notify import NotificationSink
from entrepot_contract.plugins import (
    AUTH,
    NOTIFY,
    SERVER,
    STORAGE,
    Configurable,
    Created,
    NotInstalledError,
    PluginError,
    claims,
    create,
    kind_of,
    load,
)
from entrepot_contract.server import ServerDriver
from entrepot_contract.toolkit.forwarding import for_current_contract

__all__ = [
    "PluginError",
    "load_auth",
    "load_notify",
    "load_server",
    "load_storage",
    "make_auth",
    "make_server",
    "make_sink",
    "make_storage",
    "plugin_names_of",
]


def load_storage(name: str) -> type[StorageDriver]:
    """Returns the storage driver with this name.

    Raises PluginError if it is not installed, claimed by two packages, not importable, or incompatible with this host.
    """
    return cast("type[StorageDriver]", _load(STORAGE, name))


def load_auth(name: str) -> type[Authenticator]:
    """Returns the authenticator with this name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[Authenticator]", _load(AUTH, name))


def load_notify(name: str) -> type[NotificationSink]:
    """Returns the notification sink with this name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[NotificationSink]", _load(NOTIFY, name))


def load_server(name: str) -> type[ServerDriver]:
    """Returns the server with this name.

    Raises PluginError as ``load_storage`` does.
    """
    return cast("type[ServerDriver]", _load(SERVER, name))


def plugin_names_of(kind: str) -> list[str]:
    """Returns the names of the installed plugins of a kind (storage, auth, notify, server)."""
    return sorted({claim.name for claim in claims(f"entrepot.{kind}")})


def _load(group: str, name: str) -> object:
    try:
        return load(group, name)
    except NotInstalledError as error:
        raise PluginError(with_package(str(error), error)) from error


def make_storage(name: str, options: Mapping[str, object]) -> StorageDriver:
    """Returns the storage driver with this name, created with the options.

    Raises PluginError if there is none or it cannot be used, and ConfigError if its options are invalid.
    """
    return for_current_contract(_create(STORAGE, name, load_storage(name), options))


def make_auth(name: str, options: Mapping[str, object]) -> Authenticator:
    """Returns the authenticator with this name, created with the options.

    Raises the same errors as ``make_storage``.
    """
    return _create(AUTH, name, load_auth(name), options)


def make_sink(name: str, options: Mapping[str, object]) -> NotificationSink:
    """Returns the notification sink with this name, created with the options.

    Raises the same errors as ``make_storage``.
    """
    return _create(NOTIFY, name, load_notify(name), options)


def make_server(name: str, options: Mapping[str, object]) -> ServerDriver:
    """Returns the server with this name, created with the options.

    Raises the same errors as ``make_storage``.
    """
    return _create(SERVER, name, load_server(name), options)


def _create(group: str, name: str, plugin: Configurable[Created], options: Mapping[str, object]) -> Created:
    try:
        return create(group, name, plugin, options)
    except ConfigError as error:
        message = _with_advice(error, kind_of(group), name)
        raise ConfigError(message, driver=error.driver, operation=error.operation, key=error.key) from error


def _with_advice(error: ConfigError, kind: str, name: str) -> str:
    """Returns the message of an error about the options of a plugin, or of a driver nested in it, and what to do."""
    cause: BaseException | None = error
    while isinstance(cause, ConfigError) and cause.key is not None:
        name, cause = cause.key.rpartition(".")[2], cause.__cause__
    if isinstance(cause, NotInstalledError):
        return with_package(error.message, cause)
    if isinstance(cause, ConfigError):  # wrong options, whose message ends with the package
        return f"{error.message.removesuffix(')')}; {_show(kind, name)})"
    return error.message


def _show(kind: str, name: str) -> str:
    return f"`entrepot plugins show {name} --kind {kind}` lists its options"
