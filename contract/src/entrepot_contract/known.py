"""The packages of known plugins, and the error message for a plugin that is not installed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from entrepot_contract.options import nearest

__all__ = ["PACKAGES", "not_installed"]

PACKAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "entrepot.storage": {
        "azure": "entrepot-storage-azure",
        "cache": "entrepot-storage-layers",
        "chaos": "entrepot-storage-layers",
        "encrypt": "entrepot-storage-layers",
        "filesystem": "entrepot-storage-fs",
        "fsspec": "entrepot-storage-fsspec",
        "gcs": "entrepot-storage-gcs",
        "inmemory": "entrepot-storage-memory",
        "mirror": "entrepot-storage-layers",
        "s3": "entrepot-storage-s3",
        "s3aws": "entrepot-storage-s3",
    },
    "entrepot.auth": {"htpasswd": "entrepot-auth-htpasswd", "token": "entrepot-auth-token"},
    "entrepot.notify": {"webhook": "entrepot-notify-webhook"},
    "entrepot.server": {"granian": "entrepot-server-granian", "gunicorn": "entrepot-server-gunicorn"},
}
"""For each entry-point group, the package that provides each name."""


def not_installed(group: str, name: str, installed: Collection[str]) -> str:
    """Return the message for a name that no installed package provides: what is installed, and how to install it."""
    kind, known = group.removeprefix("entrepot."), PACKAGES[group]
    available = f"installed: {', '.join(sorted(set(installed)))}" if installed else "none is installed"
    message = f"no {kind} plugin is called {name!r}; {available}"
    if name in known:
        return f"{message}; to install it: pip install {known[name]}"
    hint = nearest(name, sorted({*installed, *known}))
    return f"{message}{hint}" if "did you mean" in hint else f"{message}; install the package that provides it"
