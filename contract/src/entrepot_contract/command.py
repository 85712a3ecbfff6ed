"""The command ``entrepot-contract``, of which all but ``badge`` requires the extra ``testing``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; 2 if a package of the extra ``testing`` is not installed."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["badge"]:
        from entrepot_contract.testing.badge import main as write_badge

        return write_badge(given[1:])
    try:
        for package in ("pytest", "hypothesis"):
            import_module(package)
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"entrepot-contract: {error.name} is not installed; pip install 'entrepot-contract[testing]'\n"
        )
        return 2
    from entrepot_contract.testing.cli import main as run

    return run(given)
