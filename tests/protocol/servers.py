"""The host in each of the configurations that the tables need."""

from __future__ import annotations

from pathlib import Path

import yaml
from support.services.entrepot import entrepot
from support.services.registry import Registry

__all__ = ["FLAVOURS", "KINDS", "start_server"]

KINDS = {
    "waitress": ("waitress", "filesystem"),
    "granian": ("granian", "filesystem"),
    "inmemory": ("granian", "inmemory"),
}
"""The server and the storage driver of each run of the tables."""

_PURGE = {"enabled": True, "age": "1s", "interval": "1s", "dryrun": False}
FLAVOURS: dict[str, dict[str, dict[str, object]]] = {
    "default": {},
    "nodelete": {"storage": {"delete": {"enabled": False}}},
    "readonly": {"storage": {"maintenance": {"readonly": {"enabled": True}}}},
    "relative": {"http": {"relativeurls": True}},
    "sparse": {"validation": {"manifests": {"indexes": {"platforms": "none"}}}},
    "small": {"tags": {"maxtags": 3}, "catalog": {"maxentries": 3}},
    "purge": {"storage": {"maintenance": {"uploadpurging": _PURGE}}},
}
"""The changes of each configuration."""


def start_server(kind: str, flavour: str, folder: Path) -> Registry:
    """Start a server with its data and its log in ``folder``.

    Raises ServiceError if it does not respond.
    """
    server, driver = KINDS[kind]
    document: dict[str, dict[str, object]] = {
        "log": {"level": "warn"},
        "storage": {
            driver: {"rootdirectory": str(folder / "data")} if driver == "filesystem" else {},
            "delete": {"enabled": True},
        },
        "http": {"addr": "127.0.0.1:0", "secret": "of-the-tests-only"},
    }
    for section, changes in FLAVOURS[flavour].items():
        document.setdefault(section, {}).update(changes)
    config = folder / "config.yml"
    config.write_text(yaml.safe_dump({"version": "0.1", **document}))
    registry = entrepot(config, folder, server=server)
    registry.start()
    return registry
