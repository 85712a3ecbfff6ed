"""Finding plugins by name, and calling those that listen."""

from entrepot.plugins.drivers import PluginError, load_auth, load_notify, load_server, load_storage, server_names
from entrepot.plugins.hooks import Hooks
from entrepot.plugins.installed import Plugin, installed_plugins

__all__ = [
    "Hooks",
    "Plugin",
    "PluginError",
    "installed_plugins",
    "load_auth",
    "load_notify",
    "load_server",
    "load_storage",
    "server_names",
]
