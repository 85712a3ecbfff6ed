"""The module that ``entrepot-contract check`` hands to pytest: one class for each driver that was chosen."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest

from entrepot_contract.testing import StorageContract
from entrepot_contract.testing.cli import GROUP, OPTIONS

__all__ = ["contract_of", "with_folder"]


def with_folder(value: object, folder: str) -> object:
    """A value in which ``{tmp}`` is replaced, at any depth."""
    if isinstance(value, str):
        return value.replace("{tmp}", folder)
    if isinstance(value, dict):
        return {name: with_folder(inner, folder) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_folder(inner, folder) for inner in value]
    return value


def contract_of(name: str, options: Mapping[str, object]) -> type[StorageContract]:
    """The kit for one driver."""

    @pytest.fixture
    def config(self: StorageContract, tmp_path: Path) -> Mapping[str, object]:
        return {option: with_folder(value, str(tmp_path)) for option, value in options.items()}

    (point,) = metadata.entry_points(group=GROUP, name=name)
    case = f"Test_{''.join(letter if letter.isalnum() else '_' for letter in name)}"
    return type(case, (StorageContract,), {"driver_class": point.load(), "config": config})


for case in [contract_of(*item) for item in json.loads(Path(os.environ[OPTIONS]).read_text(encoding="utf-8")).items()]:
    globals()[case.__name__] = case
