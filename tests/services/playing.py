"""A store for a person to play with, from the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import Event

__all__ = ["show_until_interrupted"]


def show_until_interrupted(what: str, driver: str, options: Mapping[str, object]) -> None:
    """Print how to use a store that runs, as a section of a configuration, and wait for Ctrl-C."""
    print(f"{what} until Ctrl-C. In a configuration:\n\nstorage:\n  {driver}:")  # noqa: T201
    # Every JSON text is YAML.
    print("\n".join(f"    {name}: {json.dumps(value)}" for name, value in options.items()), flush=True)  # noqa: T201
    try:
        Event().wait()
    except KeyboardInterrupt:
        return
