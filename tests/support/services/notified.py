"""A host with notification endpoints, and direct queries of its outbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import yaml
from support.services.entrepot import entrepot
from support.services.registry import Registry, write_config

__all__ = ["ask", "notified"]


def notified(folder: Path, outbox: Path, *endpoints: Mapping[str, object], workers: int = 2) -> Registry:
    """Return a host with its store and log in ``folder``, not started."""
    config = write_config(folder / "config.yml", folder / "store", http={"workers": workers})
    document = yaml.safe_load(config.read_text())
    document["notifications"] = {"outbox": {"path": str(outbox)}, "endpoints": [dict(one) for one in endpoints]}
    config.write_text(yaml.safe_dump(document))
    return entrepot(config, folder / "run", server="granian")


def ask(outbox: Path, query: str) -> list[tuple[str | int, ...]]:
    """Query the database of the outbox directly."""
    with closing(sqlite3.connect(outbox / "outbox.db", timeout=30)) as connection:
        return connection.execute(query).fetchall()
