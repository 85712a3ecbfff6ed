"""Loading plugins by name, and calling installed hooks."""

from entrepot.plugins.hooks import Hooks
from entrepot.plugins.installed import Plugin, installed_plugins
from entrepot.plugins.loader import (
    load_auth,
    load_notify,
    load_server,
    load_storage,
    make_auth,
    make_server,
    make_sink,
    make_storage,
    plugin_names_of,
)
from entrepot_contract.plugins import STORAGE, PluginError, package_named

__all__ = [
    "STORAGE",
    "Hooks",
    "Plugin",
    "PluginError",
    "installed_plugins",
    "load_auth",
    "load_notify",
    "load_server",
    "load_storage",
    "make_auth",
    "make_server",
    "make_sink",
    "make_storage",
    "package_named",
    "plugin_names_of",
]
