"""The test module that ``entrepot-contract check`` runs: one class for each selected plugin."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from entrepot_contract.auth import Presented
from entrepot_contract.plugins import claims
from entrepot_contract.testing import AuthenticatorContract, ServerContract, SinkContract, StorageContract
from entrepot_contract.testing.auth.credentials import raw
from entrepot_contract.testing.base import KitBase
from entrepot_contract.testing.cli import OPTIONS
from entrepot_contract.testing.kits import KITS

__all__ = ["contract_of", "with_folder"]


def with_folder(value: object, folder: str) -> object:
    """Return a value in which ``{tmp}`` is replaced, at any depth."""
    if isinstance(value, str):
        return value.replace("{tmp}", folder)
    if isinstance(value, dict):
        return {name: with_folder(inner, folder) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_folder(inner, folder) for inner in value]
    return value


def options_in(folder: str, options: Mapping[str, object]) -> Mapping[str, object]:
    """Return options in which ``{tmp}`` is replaced."""
    return {option: with_folder(value, folder) for option, value in options.items()}


def options_fixture(options: Mapping[str, object]) -> object:
    """Return a fixture that returns options."""

    @pytest.fixture
    def config(self: KitBase, tmp_path: Path) -> Mapping[str, object]:
        return options_in(str(tmp_path), options)

    return config


def command_fixture(command: Sequence[str]) -> object:
    """Return a fixture that returns a function, which runs a command and returns the lines that it prints."""

    @pytest.fixture
    def runner(self: KitBase, tmp_path: Path) -> Callable[[], Sequence[str]]:
        def run() -> Sequence[str]:
            words = [word.replace("{tmp}", str(tmp_path)) for word in command]
            done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - the suite's own
            if done.returncode != 0:
                pytest.fail(f"command {command[0]} exited with status {done.returncode}: {done.stderr.strip()}")
            return done.stdout.splitlines()

        return run

    return runner


def storage(section: Mapping[str, Any]) -> tuple[type[KitBase], dict[str, object]]:
    """Return the kit for a storage driver, and the attributes of the test class."""
    return StorageContract, {"config": options_fixture(section)}


def auth(section: Mapping[str, Any]) -> tuple[type[KitBase], dict[str, object]]:
    """Return the kit for an authenticator, and the attributes of the test class."""

    @pytest.fixture
    def accepted(self: KitBase) -> Sequence[tuple[Presented, str]]:
        return [(raw(each["authorization"]), each["user"]) for each in section.get("accepted", [])]

    @pytest.fixture
    def refused(self: KitBase) -> Sequence[Presented]:
        return [raw(each) for each in section["refused"]]

    @pytest.fixture
    def timing(self: KitBase) -> Sequence[tuple[Presented, Presented]]:
        return [(raw(known), raw(unknown)) for known, unknown in section["timing"]]

    attributes: dict[str, object] = {"accepted": accepted, "refused": refused}
    if "timing" in section:
        attributes["timing"] = timing
    attributes["exact_names"] = section.get("exact_names", True)
    return AuthenticatorContract, {"config": options_fixture(section["options"]), **attributes}


def notify(section: Mapping[str, Any]) -> tuple[type[KitBase], dict[str, object]]:
    """Return the kit for a sink, and the attributes of the test class."""
    commands = {part: command_fixture(section[part]) for part in ("received", "mend") if part in section}
    endpoints = {part: options_fixture(section[part]) for part in section if part not in {"options", *commands}}
    return SinkContract, {"config": options_fixture(section["options"]), **endpoints, **commands}


def server(section: Mapping[str, Any]) -> tuple[type[KitBase], dict[str, object]]:
    """Return the kit for a server, and the attributes of the test class."""

    class Configured(ServerContract):
        detects_truncated_chunks = section.get("detects_truncated_chunks", True)

        @pytest.fixture(scope="class")
        @classmethod
        def config(cls, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, object]:
            return options_in(str(tmp_path_factory.mktemp("options")), section.get("options", {}))

    return Configured, {}


MAKERS: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[type[KitBase], dict[str, object]]]]] = {
    "storage": storage,
    "auth": auth,
    "notify": notify,
    "server": server,
}


def contract_of(kind: str, name: str, section: Mapping[str, object]) -> type[KitBase]:
    """Return the test class for one plugin."""
    kit, attributes = MAKERS[kind](section)
    (claim,) = (claim for claim in claims(KITS[kind].group) if claim.name == name)
    case = f"Test_{''.join(letter if letter.isalnum() else '_' for letter in name)}"
    return type(case, (kit,), {kit.under_test: claim.load(), **attributes})


for kind, plugins in json.loads(Path(os.environ[OPTIONS]).read_text(encoding="utf-8")).items():
    for name, section in plugins.items():
        case = contract_of(kind, name, section)
        globals()[case.__name__ if kind == "storage" else f"{case.__name__}_{kind}"] = case
