"""Run a storage server for experiments from the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import Event

__all__ = ["show_until_interrupted"]


def show_until_interrupted(what: str, driver: str, options: Mapping[str, object]) -> None:
    """Print the configuration of a running storage server, and wait for Ctrl-C."""
    print(f"{what} until Ctrl-C. Configuration:\n\nstorage:\n  {driver}:")  # noqa: T201
    # JSON is valid YAML.
    print("\n".join(f"    {name}: {json.dumps(value)}" for name, value in options.items()), flush=True)  # noqa: T201
    try:
        Event().wait()
    except KeyboardInterrupt:
        return
