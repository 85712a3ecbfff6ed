"""The entrepot host, started with its command."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from support.services.registry import Registry

SERVERS = ("waitress", "granian")


def entrepot(
    config: Path, folder: Path, *, server: str, env: Mapping[str, str] | None = None, ca: Path | None = None
) -> Registry:
    """Return ``entrepot serve`` with a configuration, a server and its log in ``folder``, not started.

    ``ca`` is the CA of its certificate, if it uses TLS.
    """
    return Registry(
        f"entrepot ({server})",
        (sys.executable, "-m", "entrepot", "serve", str(config)),
        folder=folder,
        env={"REGISTRY_HTTP_SERVER": server, **(env or {})},
        ca=ca,
    )
