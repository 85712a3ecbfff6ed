"""What each package says of itself where it is published: its license, its links, and which contract it needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    file.parent for pattern in ("*/pyproject.toml", "plugins/*/pyproject.toml") for file in ROOT.glob(pattern)
)
REPOSITORY = "https://github.com/OWNER/entrepot"
"""OWNER until the project has a home: the URL stands in the packages' pyproject.toml and README.md alone."""

each = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)


def project(package: Path) -> dict[str, Any]:
    """The metadata of a package."""
    found: dict[str, Any] = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    return found


def test_every_package_is_looked_at() -> None:
    assert len(PACKAGES) >= 15


@each
def test_a_package_brings_its_license_and_links(package: Path) -> None:
    said = project(package)
    assert (said["license"], said["license-files"], said["readme"]) == ("Apache-2.0", ["LICENSE"], "README.md")
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert set(said["urls"]) == {"Documentation", "Source", "Changelog"}
    for url in said["urls"].values():
        assert in_repository(url).exists(), url


@each
def test_links_of_a_readme_work_on_an_index(package: Path) -> None:
    text = re.sub(r"^```.*?^```", "", (package / "README.md").read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        assert target.startswith(("https://", "#")), f"{target} is relative"
        if target.startswith(REPOSITORY):
            assert in_repository(target).exists(), target


@each
def test_a_package_names_the_contract_it_was_written_for(package: Path) -> None:
    version = project(ROOT / "contract")["version"].split(".")
    bounds = f">={version[0]}.{version[1]},<{version[0]}.{int(version[1]) + 1}"
    named = [one for one in project(package)["dependencies"] if one.startswith("entrepot-contract")]
    assert all(one.endswith(bounds) for one in named), named
    assert named or package.name == "contract"


def in_repository(url: str) -> Path:
    """The file or folder of this checkout that a URL of the repository shows."""
    found = re.fullmatch(rf"{REPOSITORY}/(?:blob|tree|raw)/main/([^#]*)(?:#.*)?", url)
    assert found is not None, url
    return ROOT / found[1]
