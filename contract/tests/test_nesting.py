"""Inner drivers that cannot be used raise an error when the outer driver is created."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from entrepot_contract import ConfigError
from entrepot_contract.toolkit.nesting import open_inner

Install = Callable[..., None]

GOOD = """
from entrepot_contract import StorageDriver
class Driver(StorageDriver):
    name = "mine"
    contract = (1, 0)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """A function that installs a package with a storage driver named ``mine``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    modules: list[str] = []

    def install_one(package: str, source: str) -> None:
        module = package.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[entrepot.storage]\nmine = {module}:Driver\n")
        modules.append(module)
        importlib.invalidate_caches()

    yield install_one
    for module in modules:
        sys.modules.pop(module, None)


def refused(config: Mapping[str, Mapping[str, object] | None]) -> str:
    with pytest.raises(ConfigError) as caught:
        open_inner("layer", "within", config)
    assert (caught.value.driver, caught.value.operation) == ("layer", "configure")
    return str(caught.value)


def test_an_inner_driver_is_created_from_its_options() -> None:
    assert open_inner("layer", "within", {"inmemory": None}).name == "inmemory"
    assert open_inner("layer", "within", {"filesystem": {"rootdirectory": "/nowhere"}}).name == "filesystem"


def test_an_unknown_driver_is_reported_with_the_closest_name() -> None:
    message = refused({"filesytem": {}})
    assert message.startswith("layer: configure within.filesytem: no storage plugin is called 'filesytem'; installed")
    assert "did you mean 'filesystem'?" in message
    assert "inmemory" in refused({"nothing-like-it": {}})


@pytest.mark.parametrize("config", [{}, {"inmemory": {}, "filesystem": {}}])
def test_exactly_one_driver_is_named(config: Mapping[str, Mapping[str, object]]) -> None:
    assert "configure within: it must name exactly one driver" in refused(config)


def test_wrong_options_are_reported_with_their_path_and_package() -> None:
    message = refused({"filesystem": {"rootdirektory": "/"}})
    assert (
        "within.filesystem: unknown option 'rootdirektory', did you mean 'rootdirectory'? (entrepot-storage-fs"
        in message
    )
    assert message.endswith(")")


def test_wrong_options_of_a_nested_driver_are_reported_with_the_full_path() -> None:
    nested = {"inner": {"chaos": {"inner": {"filesystem": {"rootdirektory": "/"}}}}}
    message = refused({"chaos": nested})
    assert message.startswith("layer: configure within.chaos.inner.chaos.inner.filesystem: unknown option")
    assert message.count("(entrepot-storage-fs") == 1


def test_a_name_of_two_packages_is_refused(install: Install) -> None:
    install("one-driver", GOOD)
    install("other-driver", GOOD)
    assert "provided by one-driver 1 and other-driver 1; uninstall one of them" in refused({"mine": {}})


def test_an_unexpected_exception_names_the_inner_package_and_shows_no_value(install: Install) -> None:
    source = "from entrepot_storage_memory import MemoryDriver\nclass Driver(MemoryDriver):\n"
    install("their-driver", f"{source}    def __init__(self, options): raise KeyError('sesame')\n")
    message = refused({"mine": {}})
    assert "raised KeyError when it was created, which is a bug in their-driver 1; install" in message
    assert "sesame" not in message


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_sdk", "cannot be imported: ModuleNotFoundError: No module named 'no_such_sdk'"),
        ("raise SystemExit", "cannot be imported: SystemExit"),
        ("Driver = 5", "cannot be used: it is not a subclass of entrepot_contract.storage.StorageDriver"),
        ("class Driver: contract = (1, 0)", "cannot be used: it is not a subclass of"),
        (
            GOOD.replace("(1, 0)", "(2, 0)"),
            "cannot be used: it was written for contract 2.0 and 1.1 is supported here",
        ),
        (GOOD.replace("(1, 0)", "(1, 2)"), "cannot be used: it was written for contract 1.2"),
        (GOOD.replace("(1, 0)", "'1.0'"), "cannot be used: it does not declare a contract version"),
        (GOOD, "cannot be used: it does not implement __init__, capabilities, put"),
    ],
)
def test_an_incompatible_driver_is_refused(install: Install, source: str, reason: str) -> None:
    install("their-driver", source)
    message = refused({"mine": {}})
    assert f"within.mine: the storage plugin 'mine' {reason}" in message
    assert "their-driver 1" in message
    assert "\n" not in message
