"""The table of known plugins lists every plugin of this repository with its package."""

from __future__ import annotations

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from entrepot.plugins import make_storage
from entrepot.plugins.known import PACKAGES, with_package
from entrepot_contract import ConfigError, plugins
from entrepot_contract.plugins import NotInstalledError

ROOT = Path(__file__).parents[3]
OURS = {tomllib.loads(project.read_text())["project"]["name"] for project in ROOT.glob("plugins/*/pyproject.toml")}


@pytest.mark.parametrize("group", PACKAGES)
def test_the_known_names_are_those_of_our_packages(group: str) -> None:
    ours = {
        claim.name: claim.dist.name
        for claim in entry_points(group=group)
        if claim.dist is not None and claim.dist.name in OURS
    }
    assert ours == PACKAGES[group]


@pytest.mark.parametrize(
    ("name", "installed", "message"),
    [
        ("s3", [], "; none is installed; to install it: pip install entrepot-storage-s3"),
        ("gc", ["inmemory", "gcs"], "; installed: gcs, inmemory, did you mean 'gcs'?"),
        ("tape", ["gcs"], "; installed: gcs; install the package that provides it"),
    ],
)
def test_a_name_that_is_not_installed_is_reported_with_a_fix(name: str, installed: list[str], message: str) -> None:
    error = NotInstalledError("entrepot.storage", name, installed)
    assert with_package(str(error), error) == f"no storage plugin is called {name!r}{message}"


def test_an_inner_driver_that_is_missing_is_reported_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [claim for claim in plugins.claims("entrepot.storage") if claim.name != "gcs"]
    monkeypatch.setattr(plugins, "claims", lambda group: here)
    with pytest.raises(ConfigError, match="; to install it: pip install entrepot-storage-gcs"):
        make_storage("chaos", {"inner": {"chaos": {"inner": {"gcs": {}}}}})


def test_wrong_options_of_an_inner_driver_name_the_command_that_lists_them() -> None:
    command = "`entrepot plugins show filesystem --kind storage` lists its options"
    with pytest.raises(ConfigError, match=rf"\(entrepot-storage-fs .*; {command}\)"):
        make_storage("chaos", {"inner": {"chaos": {"inner": {"filesystem": {"rootdirektory": "/"}}}}})


def test_an_inner_driver_without_a_name_is_reported_without_a_command() -> None:
    with pytest.raises(ConfigError) as caught:
        make_storage("chaos", {"inner": {"chaos": {"inner": {}}}})
    assert caught.value.message.endswith("it must name exactly one driver with its options, and names none")
