"""The published metadata of each package: its license, its links, and the contract that it requires."""

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
"""A placeholder until the project has a repository. It only occurs in pyproject.toml and README.md files."""

each = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)


def project(package: Path) -> dict[str, Any]:
    """Return the metadata of a package."""
    found: dict[str, Any] = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    return found


def test_all_packages_are_found() -> None:
    assert len(PACKAGES) >= 15


@each
def test_a_package_has_its_license_and_links(package: Path) -> None:
    metadata = project(package)
    assert (metadata["license"], metadata["license-files"], metadata["readme"]) == (
        "Apache-2.0",
        ["LICENSE"],
        "README.md",
    )
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert set(metadata["urls"]) == {"Documentation", "Source", "Changelog"}
    for url in metadata["urls"].values():
        assert in_repository(url).exists(), url


@each
def test_links_in_a_readme_work_on_a_package_index(package: Path) -> None:
    text = re.sub(r"^```.*?^```", "", (package / "README.md").read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        assert target.startswith(("https://", "#")), f"{target} is relative"
        if target.startswith(REPOSITORY):
            assert in_repository(target).exists(), target


@each
def test_a_package_requires_the_contract_version_it_was_written_for(package: Path) -> None:
    version = project(ROOT / "contract")["version"].split(".")
    bounds = f">={version[0]}.{version[1]},<{version[0]}.{int(version[1]) + 1}"
    named = [one for one in project(package)["dependencies"] if one.startswith("entrepot-contract")]
    assert all(one.endswith(bounds) for one in named), named
    assert named or package.name == "contract"


def in_repository(url: str) -> Path:
    """Return the local path of a URL of the repository."""
    found = re.fullmatch(rf"{REPOSITORY}/(?:blob|tree|raw)/main/([^#]*)(?:#.*)?", url)
    assert found is not None, url
    return ROOT / found[1]
