"""Drivers with their options: whatever is wrong with one is told with its name and its package."""

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
    """The storage driver of a name with its options.

    Raises PluginError where there is none or it cannot be used, and ConfigError where its options are wrong.
    """
    return _make(STORAGE, name, load_storage(name), options)


def make_auth(name: str, options: Mapping[str, object]) -> Authenticator:
    """The authenticator of a name with its options.

    Raises what ``make_storage`` does.
    """
    return _make(AUTH, name, load_auth(name), options)


def make_sink(name: str, options: Mapping[str, object]) -> NotificationSink:
    """The notification sink of a name with its options.

    Raises what ``make_storage`` does.
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
            raise  # of a driver inside, whose own name and package are told
        raise with_hint(error, kind, name, package) from error
    except StorageError:
        raise
    except Exception as error:
        raise PluginError(defect(error, kind, name, package)) from error
