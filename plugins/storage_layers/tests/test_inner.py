"""Inner drivers that cannot be used are told at the start."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from entrepot_contract import ConfigError
from entrepot_storage_layers import ChaosDriver, inner

Install = Callable[..., None]

GOOD = """
from entrepot_contract import StorageDriver
class Driver(StorageDriver):
    name = "mine"
    contract = (1, 0)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """A function that installs a package with one storage driver called ``mine``."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install_one(package: str, source: str) -> None:
        module = package.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[entrepot.storage]\nmine = {module}:Driver\n")
        sys.modules.pop(module, None)
        importlib.invalidate_caches()

    return install_one


def refused(config: object) -> str:
    with pytest.raises(ConfigError) as caught:
        ChaosDriver.from_config({"inner": config})
    assert caught.value.driver == "chaos"
    return str(caught.value)


def test_an_unknown_driver_is_told_with_the_nearest_name() -> None:
    message = refused({"filesytem": {}})
    assert "option 'inner.filesytem'" in message
    assert "did you mean 'filesystem'?" in message
    assert "inmemory" in refused({"nothing-like-it": {}})


def test_a_known_driver_that_is_missing_is_told_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [claim for claim in entry_points(group="entrepot.storage") if claim.name != "gcs"]
    monkeypatch.setattr(inner, "entry_points", lambda group: here)
    message = refused({"gcs": {}})
    assert "option 'inner.gcs': no storage plugin is called 'gcs'; installed are " in message
    assert message.endswith("; to get it: pip install entrepot-storage-gcs")


@pytest.mark.parametrize("config", [{}, {"inmemory": {}, "filesystem": {}}])
def test_exactly_one_driver_is_named(config: object) -> None:
    assert "option 'inner' must name exactly one driver" in refused(config)


def test_wrong_options_of_the_inner_driver_are_told_with_their_place() -> None:
    message = refused({"chaos": {"inner": {"filesystem": {"rootdirektory": "/"}}}})
    assert "inner.chaos" in message
    assert "unknown option 'rootdirektory', did you mean 'rootdirectory'?" in message


def test_a_name_that_two_packages_claim_is_refused_with_both(install: Install) -> None:
    install("one-driver", GOOD)
    install("other-driver", GOOD)
    assert "claimed by one-driver 1 and other-driver 1; uninstall one of them" in refused({"mine": {}})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_sdk", "cannot be imported: ModuleNotFoundError: No module named 'no_such_sdk'"),
        ("raise SystemExit", "cannot be imported: SystemExit"),
        ("Driver = 5", "is no storage driver"),
        ("class Driver: contract = (1, 0)", "is no storage driver"),
        (GOOD.replace("(1, 0)", "(2, 0)"), "was written for contract 2.0, and entrepot-contract here keeps 1.0"),
        (GOOD.replace("(1, 0)", "(1, 1)"), "was written for contract 1.1"),
        (GOOD.replace("(1, 0)", "'1.0'"), "does not say for which contract"),
        (GOOD, "lacks __init__, capabilities, close"),
    ],
)
def test_a_driver_that_does_not_fit_is_refused_in_one_sentence(install: Install, source: str, reason: str) -> None:
    install("their-driver", source)
    message = refused({"mine": {}})
    assert f"option 'inner.mine': their-driver 1 {reason}" in message
    assert "\n" not in message
