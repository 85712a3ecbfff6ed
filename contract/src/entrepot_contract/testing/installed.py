"""The test module that ``entrepot-contract check`` runs: one class for each selected plugin."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from entrepot_contract import ConfigError, ObjectInfo, StorageDriver
from entrepot_contract.auth import Presented
from entrepot_contract.plugins import claims
from entrepot_contract.testing import AuthenticatorContract, ServerContract, SinkContract, StorageContract
from entrepot_contract.testing.auth.credentials import raw
from entrepot_contract.testing.base import KitBase
from entrepot_contract.testing.cli import OPTIONS
from entrepot_contract.testing.kits import KITS
from entrepot_contract.testing.unusable import Unusable

__all__ = ["contract_of", "filled"]


def filled(value: object, words: Mapping[str, str]) -> object:
    """Return a value in which words like ``{tmp}`` are replaced, at any depth."""
    if isinstance(value, str):
        for word, other in words.items():
            value = value.replace(word, other)
        return value
    if isinstance(value, dict):
        return {name: filled(inner, words) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, words) for inner in value]
    return value


def options_in(folder: str, options: Mapping[str, object], **more: str) -> Mapping[str, object]:
    """Return options in which ``{tmp}`` is replaced by a folder, and ``{unique}`` by a word for this folder only."""
    unique = f"kit-{hashlib.sha256(folder.encode()).hexdigest()[:16]}"
    words = {"{tmp}": folder, "{unique}": unique, **{f"{{{name}}}": text for name, text in more.items()}}
    return {option: filled(value, words) for option, value in options.items()}


def options_fixture(options: Mapping[str, object]) -> object:
    """Return a fixture that returns options."""

    @pytest.fixture
    def config(self: KitBase, tmp_path: Path) -> Mapping[str, object]:
        return options_in(str(tmp_path), options)

    return config


def store_fixture(options: Mapping[str, object]) -> object:
    """Return a fixture that returns the options of a store, and deletes what a test has left in one that stays."""

    @pytest.fixture
    def config(self: StorageContract, tmp_path: Path) -> Iterator[Mapping[str, object]]:
        given = options_in(str(tmp_path), options)
        if "{tmp}" in json.dumps(options):
            yield given
            return
        cleans = _is_empty(self.driver_class, given)
        yield given
        if cleans:
            _delete_all(self.driver_class, given)

    return config


def _is_empty(driver_class: type[StorageDriver], options: Mapping[str, object]) -> bool:
    """Return whether a store is empty, or False if the driver cannot list it; raises Unusable if it is not empty."""
    try:
        with closing(driver_class.from_config(options)) as driver:
            found = next(iter(driver.list_objects("")), None)
    except ConfigError:
        raise
    except Exception:  # noqa: BLE001 - a fault of the driver, which the tests show
        return False
    if found is not None:
        raise Unusable(
            "the store is not empty, and the command deletes nothing that it did not write: give it another one, for "
            "example with {unique} in an option, which is replaced by a new word for every test"
        )
    return True


def _delete_all(driver_class: type[StorageDriver], options: Mapping[str, object]) -> None:
    with suppress(Exception), closing(driver_class.from_config(options)) as driver:
        driver.delete([item.key for item in driver.list_objects("") if isinstance(item, ObjectInfo)])


def command_fixture(command: Sequence[str]) -> object:
    """Return a fixture that returns a function, which runs a command and returns the lines that it prints."""

    @pytest.fixture
    def runner(self: KitBase, tmp_path: Path) -> Callable[[], Sequence[str]]:
        return lambda: run_command(command, tmp_path)

    return runner


def run_command(command: Sequence[str], folder: Path) -> Sequence[str]:
    """Run a command and return the lines that it prints."""
    words = [str(word) for word in options_in(str(folder), {str(n): w for n, w in enumerate(command)}).values()]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - the suite's own
    if done.returncode != 0:
        pytest.fail(f"command {command[0]} exited with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def place_fixture(host: str, port: int) -> object:
    """Return a fixture that returns a host and a port."""

    @pytest.fixture
    def endpoint(self: KitBase) -> tuple[str, int]:
        return host, port

    return endpoint


def number_fixture(command: Sequence[str]) -> object:
    """Return a fixture that returns a function, which runs a command and returns the number that it prints."""

    @pytest.fixture
    def stored_bytes(self: KitBase, tmp_path: Path) -> Callable[[], int]:
        return lambda: int("".join(run_command(command, tmp_path)))

    return stored_bytes


def storage(section: Mapping[str, Any]) -> tuple[type[KitBase], dict[str, object]]:
    """Return the kit for a storage driver, and the attributes of the test class."""
    attributes: dict[str, object] = {"config": store_fixture(section["options"])}
    for part in ("unreachable", "hanging", "denied", "short_timeouts"):
        if part in section:
            attributes[part] = options_fixture(section[part])
    if "endpoint" in section:
        host, _, port = section["endpoint"].rpartition(":")
        attributes["endpoint"] = place_fixture(host.strip("[]"), int(port))
    if "stored_bytes" in section:
        attributes["stored_bytes"] = number_fixture(section["stored_bytes"])
    if "failure_timeout" in section:
        attributes["failure_timeout"] = section["failure_timeout"]
    return StorageContract, attributes


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
    ours = {"options", "at_url", *commands}
    endpoints = {part: options_fixture(section[part]) for part in section if part not in ours}

    @pytest.fixture
    def at_url(self: KitBase, tmp_path: Path) -> Callable[[str], Mapping[str, object]]:
        return lambda url: options_in(str(tmp_path), section["at_url"], url=url)

    given = {"at_url": at_url} if "at_url" in section else {}
    return SinkContract, {"config": options_fixture(section["options"]), **endpoints, **commands, **given}


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
