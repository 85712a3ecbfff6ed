"""Creation of drivers with their options; errors name the plugin and its package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from entrepot.plugins.drivers import PluginError, load_auth, load_notify, load_storage
from entrepot.plugins.installed import AUTH, NOTIFY, STORAGE, package_named
from entrepot_contract import ConfigError, StorageDriver, StorageError
from entrepot_contract.auth import Authenticator
from entrepot_contract.fitness import defect, with_hint
from entrepot_contract.notify import NotificationSink

__all__ = ["make_auth", "make_sink", "make_storage"]

Made = TypeVar("Made", covariant=True)


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
