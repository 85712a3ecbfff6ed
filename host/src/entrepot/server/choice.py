"""Choice of the server, and checks that it supports the configuration."""

from __future__ import annotations

import logging
from typing import Final

from entrepot.plugins import PluginError, load_server, plugin_names_of
from entrepot_contract.server import ServerDriver, ServerSettings

__all__ = ["choose_server"]

_AUTO: Final = "auto"

_log = logging.getLogger(__name__)


def choose_server(name: str, settings: ServerSettings) -> str:
    """Returns the name of the server; ``auto`` is the installed one with the highest priority that supports TLS if
    it is configured, and client certificates if they are.

    Raises PluginError if there is no such server, or if it does not support the configured ``http.tls``.
    """
    name = _best(settings) if name == _AUTO else name
    driver = load_server(name)
    if _with_clients(settings) and not driver.client_certificates:
        raise PluginError(
            f"http.tls.clientcas requires a server that supports client certificates, and {name} does not; "
            "pip install entrepot-server-gunicorn and set http.server: gunicorn, or remove http.tls.clientcas"
        )
    if settings.tls is not None and not driver.tls:
        raise PluginError(
            f"the server {name!r} does not support TLS, and http.tls is configured; "
            "pip install entrepot-server-granian, or remove http.tls and terminate TLS in a proxy"
        )
    if settings.workers > 1 and not driver.multiprocess:
        _log.warning("server has a single process, http.workers is ignored: server=%s", name)
    return name


def _best(settings: ServerSettings) -> str:
    found: dict[str, type[ServerDriver]] = {}
    for name in plugin_names_of("server"):
        try:
            found[name] = load_server(name)
        except PluginError as error:
            _log.warning("server cannot be used and is ignored: server=%s error=%s", name, error)
    if not found:
        raise PluginError("no server can be used; reinstall entrepot and its dependencies")
    suitable = [name for name, driver in found.items() if _supports(driver, settings)]
    # Without a suitable one, the checks of the best one say what to install.
    return min(suitable or found, key=lambda name: (-found[name].priority, name))


def _supports(driver: type[ServerDriver], settings: ServerSettings) -> bool:
    return (driver.tls or settings.tls is None) and (driver.client_certificates or not _with_clients(settings))


def _with_clients(settings: ServerSettings) -> bool:
    return settings.tls is not None and bool(settings.tls.client_cas)
