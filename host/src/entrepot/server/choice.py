"""Choice of the server, and checks that it supports the configuration."""

from __future__ import annotations

import logging

from entrepot.plugins import PluginError, load_server, server_names
from entrepot_contract.server import ServerDriver, ServerSettings

__all__ = ["choose_server"]

_log = logging.getLogger(__name__)


def choose_server(name: str, settings: ServerSettings) -> ServerDriver:
    """Returns the server with this name; ``auto`` chooses the best one installed for the configuration.

    Raises PluginError if there is no such server, or if it does not support the configured ``http.tls``.
    """
    with_clients = settings.tls is not None and bool(settings.tls.client_cas)
    if name == "auto":
        name = _best(server_names(), with_clients=with_clients)
    driver = load_server(name)()
    if with_clients and not driver.client_certificates:
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
    return driver


def _best(installed: list[str], *, with_clients: bool) -> str:
    wanted = ["gunicorn"] if with_clients else ["granian", "gunicorn"]
    return next((name for name in wanted if name in installed), "waitress")
