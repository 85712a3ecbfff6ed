"""The packages that provide the known plugins, for names that are not installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from entrepot_contract.options import nearest
from entrepot_contract.plugins import NotInstalledError

__all__ = ["PACKAGES", "with_package"]

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


def with_package(message: str, error: NotInstalledError) -> str:
    """Return a message that ends with that of ``error``, and with how to install what is missing."""
    known = PACKAGES[error.group]
    if error.name in known:
        return f"{message}; to install it: pip install {known[error.name]}"
    if error.similar:
        return message
    hint = nearest(error.name, sorted(known))
    return f"{message}{hint}" if "did you mean" in hint else f"{message}; install the package that provides it"
