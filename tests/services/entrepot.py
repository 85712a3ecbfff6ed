"""The entrepot host, started as an operator starts it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from services.registry import Registry

SERVERS = ("waitress", "granian")


def entrepot(
    config: Path, folder: Path, *, server: str, env: Mapping[str, str] | None = None, ca: Path | None = None
) -> Registry:
    """``entrepot serve`` on a configuration with a server by name, with its log in ``folder``; not started yet.

    ``ca`` is the authority of its certificate, where it serves TLS.
    """
    return Registry(
        f"entrepot ({server})",
        (sys.executable, "-m", "entrepot", "serve", str(config)),
        folder=folder,
        env={"REGISTRY_HTTP_SERVER": server, **(env or {})},
        ca=ca,
    )
