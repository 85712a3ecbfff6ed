"""The command ``entrepot-contract``, which needs the extra ``testing`` and says so where it is not installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 2 where a package of the extra ``testing`` is not installed, else what it answers."""
    try:
        for package in ("pytest", "hypothesis"):
            import_module(package)
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"entrepot-contract: {error.name} is not installed; pip install 'entrepot-contract[testing]'\n"
        )
        return 2
    from entrepot_contract.testing.cli import main as run

    return run(arguments)
