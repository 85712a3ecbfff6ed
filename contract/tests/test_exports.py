"""The exports of the contract, and restrictions of its types."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import re
from importlib import import_module, metadata
from pathlib import Path

import pytest
from contract.tests.honest import HonestDriver
from contract.tests.honest_auth import HonestBasic, HonestIssuer
from contract.tests.honest_sink import HonestSink

import entrepot_contract
from entrepot_contract import StorageDriver, UploadState
from entrepot_contract.auth import Authenticator
from entrepot_contract.hookspecs import PROJECT
from entrepot_contract.notify import NotificationSink
from entrepot_contract.server import ServerDriver
from entrepot_contract.testing import AuthenticatorContract, ServerContract, SinkContract, StorageContract
from entrepot_contract.tokens import TokenIssuer

SOURCE = Path(entrepot_contract.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    for path in [*SOURCE.glob("*.py"), *SOURCE.glob("toolkit/*.py")]
    if path.stem not in {"__init__", "command"}
)
KIT_FILES = sorted((SOURCE / "testing").rglob("*.py"))


@pytest.mark.parametrize("name", ["", *(f".{module}" for module in MODULES)])
def test_every_exported_name_exists_and_is_documented(name: str) -> None:
    module = import_module(f"entrepot_contract{name}")
    assert module.__doc__
    for exported in module.__all__:
        found = getattr(module, exported)
        assert not inspect.isclass(found) or found.__doc__, exported


def test_the_package_exports_the_names_of_its_storage_modules() -> None:
    names = {name for module in ("errors", "types") for name in import_module(f"entrepot_contract.{module}").__all__}
    assert names <= set(entrepot_contract.__all__)


def test_only_what_a_minor_version_added_has_a_default() -> None:
    methods = {name for name, member in vars(StorageDriver).items() if callable(member) or isinstance(member, property)}
    assert methods - {"__init__"} - StorageDriver.__abstractmethods__ == {"delete_unchanged"}
    assert "__init__" in StorageDriver.__abstractmethods__


def test_the_honest_driver_has_the_signatures_of_the_contract() -> None:
    for name in StorageDriver.__abstractmethods__ - {"capabilities", "__init__"}:
        ours, theirs = (inspect.signature(getattr(kind, name)) for kind in (StorageDriver, HonestDriver))
        assert [(p.name, p.kind, p.default) for p in ours.parameters.values()] == [
            (p.name, p.kind, p.default) for p in theirs.parameters.values()
        ]


@pytest.mark.parametrize("kind", [Authenticator, TokenIssuer])
def test_an_authenticator_has_no_defaults_but_from_config(kind: type[Authenticator | TokenIssuer]) -> None:
    methods = {
        name for name, member in vars(kind).items() if inspect.isfunction(member) or isinstance(member, property)
    }
    assert methods <= kind.__abstractmethods__
    for name in kind.__abstractmethods__ - {"__init__", "issues"}:
        for honest in (HonestBasic, HonestIssuer) if kind is Authenticator else (HonestIssuer,):
            ours, theirs = (inspect.signature(getattr(each, name)) for each in (kind, honest))
            assert [(p.name, p.kind) for p in ours.parameters.values()] == [
                (p.name, p.kind) for p in theirs.parameters.values()
            ]


def test_a_sink_has_no_defaults_but_from_config() -> None:
    assert NotificationSink.__abstractmethods__ == {"__init__", "deliver", "close"}
    assert {name for name, member in vars(NotificationSink).items() if inspect.isfunction(member)} == {
        *NotificationSink.__abstractmethods__
    }
    for name in ("deliver", "close"):
        ours, theirs = (inspect.signature(getattr(kind, name)) for kind in (NotificationSink, HonestSink))
        assert [(p.name, p.kind) for p in ours.parameters.values()] == [
            (p.name, p.kind) for p in theirs.parameters.values()
        ]


def test_a_server_has_no_defaults_but_from_config() -> None:
    assert ServerDriver.__abstractmethods__ == {"__init__", "serve"}
    assert {name for name, member in vars(ServerDriver).items() if inspect.isfunction(member)} == {
        *ServerDriver.__abstractmethods__
    }


def test_a_state_is_frozen_hides_its_token_and_cannot_be_pickled() -> None:
    state = UploadState("a/k", 3, '{"token": "hidden"}')
    assert "hidden" not in repr(state)
    with pytest.raises(TypeError, match="as JSON"):
        pickle.dumps(state)
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.size = 4  # type: ignore[misc]  # deliberately wrong


@pytest.mark.parametrize("file", KIT_FILES, ids=lambda file: file.name)
def test_the_kit_names_no_plugin(file: Path) -> None:
    groups = ("entrepot.storage", "entrepot.auth", "entrepot.notify", "entrepot.server")
    # "token" and "cache" also have other meanings: the tokens of issuers, and functools.cache.
    names = {point.name for group in groups for point in metadata.entry_points(group=group)} - {"token", "cache"}
    names |= {
        "filesystem",
        "inmemory",
        "s3",
        "azure",
        "gcs",
        "boto3",
        "rootdirectory",
        "htpasswd",
        "bcrypt",
        "joserfc",
        "jwks",
    }
    assert not re.findall(rf"(?i)\b(?:{'|'.join(map(re.escape, sorted(names)))})\b", file.read_text())


def test_the_kit_is_imported_on_first_use() -> None:
    from entrepot_contract import testing

    assert testing.StorageContract is StorageContract
    assert testing.AuthenticatorContract is AuthenticatorContract
    assert testing.SinkContract is SinkContract
    assert testing.ServerContract is ServerContract
    with pytest.raises(AttributeError, match="no_such_kit"):
        _ = testing.no_such_kit
    assert PROJECT == "entrepot"
