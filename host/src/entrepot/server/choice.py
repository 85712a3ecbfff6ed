"""Which server serves, and whether it can do what the configuration asks for."""

from __future__ import annotations

import logging

from entrepot.plugins import PluginError, load_server, server_names
from entrepot_contract.server import ServerDriver, ServerSettings

__all__ = ["choose_server"]

_log = logging.getLogger(__name__)


def choose_server(name: str, settings: ServerSettings) -> ServerDriver:
    """The server of a name; ``auto`` is granian where it is installed and waitress elsewhere.

    Raises PluginError where there is no such server, or where it has no TLS and a certificate is configured.
    """
    if name == "auto":
        name = "granian" if "granian" in server_names() else "waitress"
    driver = load_server(name)()
    if settings.tls is not None and not driver.tls:
        raise PluginError(
            f"the server {name!r} has no TLS, and http.tls is configured; pip install entrepot-server-granian, "
            "or remove http.tls and leave TLS to a proxy"
        )
    if settings.workers > 1 and not driver.multiprocess:
        _log.warning("the server %r has one process; http.workers is passed over", name)
    return driver
