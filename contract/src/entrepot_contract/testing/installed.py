"""The module that ``entrepot-contract check`` hands to pytest: one class for each plugin that was chosen."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import pytest

from entrepot_contract.auth import Presented
from entrepot_contract.testing import AuthenticatorContract, StorageContract
from entrepot_contract.testing.auth.credentials import raw
from entrepot_contract.testing.base import KitBase
from entrepot_contract.testing.cli import OPTIONS
from entrepot_contract.testing.kits import KITS

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


def answering(options: Mapping[str, object]) -> object:
    """The fixture ``config``."""

    @pytest.fixture
    def config(self: KitBase, tmp_path: Path) -> Mapping[str, object]:
        return {option: with_folder(value, str(tmp_path)) for option, value in options.items()}

    return config


def storage(said: Mapping[str, Any]) -> tuple[type[KitBase], dict[str, object]]:
    """The kit for a storage driver, and what its class holds."""
    return StorageContract, {"config": answering(said)}


def auth(said: Mapping[str, Any]) -> tuple[type[KitBase], dict[str, object]]:
    """The kit for an authenticator, and what its class holds."""

    @pytest.fixture
    def accepted(self: KitBase) -> Sequence[tuple[Presented, str]]:
        return [(raw(each["authorization"]), each["user"]) for each in said.get("accepted", [])]

    @pytest.fixture
    def refused(self: KitBase) -> Sequence[Presented]:
        return [raw(each) for each in said["refused"]]

    @pytest.fixture
    def timing(self: KitBase) -> Sequence[tuple[Presented, Presented]]:
        return [(raw(known), raw(unknown)) for known, unknown in said.get("timing", [])]

    fixtures = {"accepted": accepted, "refused": refused, "timing": timing}
    return AuthenticatorContract, {"config": answering(said["options"]), **fixtures}


MAKERS: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[type[KitBase], dict[str, object]]]]] = {
    "storage": storage,
    "auth": auth,
}


def contract_of(kind: str, name: str, said: Mapping[str, object]) -> type[KitBase]:
    """The kit for one plugin."""
    kit, held = MAKERS[kind](said)
    (point,) = metadata.entry_points(group=KITS[kind].group, name=name)
    case = f"Test_{''.join(letter if letter.isalnum() else '_' for letter in name)}"
    return type(case, (kit,), {kit.under_test: point.load(), **held})


for kind, plugins in json.loads(Path(os.environ[OPTIONS]).read_text(encoding="utf-8")).items():
    for name, said in plugins.items():
        case = contract_of(kind, name, said)
        globals()[case.__name__ if kind == "storage" else f"{case.__name__}_{kind}"] = case
