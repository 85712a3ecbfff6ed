"""Access to values in the YAML files of ``deploy/``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

__all__ = ["DEPLOY", "at"]

DEPLOY: Final = Path(__file__).parents[2] / "deploy"


def at(file: str, *path: str | int) -> object:
    """Return the value at a path of keys and indexes."""
    value = yaml.safe_load((DEPLOY / file).read_text())
    for step in path:
        value = value[step]
    return value
