"""The packages that bring the known plugins, and what is told of a name that is not installed."""

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
"""For each group of entry points the package of each name."""


def not_installed(group: str, name: str, installed: Collection[str]) -> str:
    """The sentence for a name that no installed package brings: what is installed, and the command that gets it."""
    kind, known = group.removeprefix("entrepot."), PACKAGES[group]
    here = f"installed are {', '.join(sorted(set(installed)))}" if installed else "none is installed"
    said = f"no {kind} plugin is called {name!r}; {here}"
    if name in known:
        return f"{said}; to get it: pip install {known[name]}"
    hint = nearest(name, sorted({*installed, *known}))
    return f"{said}{hint}" if "did you mean" in hint else f"{said}; install the package that brings it"
