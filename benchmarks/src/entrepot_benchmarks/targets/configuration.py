"""The configuration of measured registries, the same for entrepot and Docker Distribution."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["write_configuration"]


def write_configuration(
    folder: Path,
    port: int,
    storage: Mapping[str, object],
    sections: Mapping[str, object] | None = None,
    http: Mapping[str, object] | None = None,
) -> Path:
    """Create a folder and write ``config.yml``, readable only by its owner because options may contain secrets.

    ``storage`` maps the name of a driver to its options; ``sections`` are further sections of the configuration, and
    ``http`` further keys of its section ``http``.
    """
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    config = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {
            **storage,
            "cache": {"blobdescriptor": "inmemory"},
            "delete": {"enabled": True},
            "redirect": {"disable": True},
        },
        "http": {"addr": f"127.0.0.1:{port}", "secret": "benchmark", **(http or {})},
        **(sections or {}),
    }
    file = folder / "config.yml"
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(json.dumps(config))  # every JSON text is YAML
    return file
