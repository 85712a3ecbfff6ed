"""The map of directories in CONTRIBUTING.md is complete, and all paths in the document exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "CONTRIBUTING.md").read_text()
SOURCE: Final = ROOT / "host/src/entrepot"


def entries() -> dict[str, list[str]]:
    """Return the directories in the map, each with the names below it."""
    section = TEXT.partition("## Where to find things")[2].partition("\n## ")[0]
    found: dict[str, list[str]] = {}
    for indent, name in re.findall(r"^ {4}( *)([\w./-]+) +\S", section, re.MULTILINE):
        if indent:
            found[list(found)[-1]].append(name.rstrip("/"))
        else:
            found[name.rstrip("/")] = []
    return found


def source_of(folder: Path) -> Path:
    """Return the directory of a package's modules, or the directory itself if it is not a package."""
    return next((path.parent for path in sorted(folder.glob("src/*/__init__.py"))), folder)


def test_every_directory_in_the_map_exists() -> None:
    mapped = entries()
    assert mapped
    paths = [source_of(ROOT / top) / name for top, names in mapped.items() for name in names]
    assert [str(path) for path in (*(ROOT / top for top in mapped), *paths) if not path.exists()] == []


def test_every_top_level_directory_is_in_the_map() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert {line.partition("/")[0] for line in tracked.stdout.splitlines() if "/" in line} == set(entries())


def test_every_package_is_in_the_map() -> None:
    packages = {
        file.parent.relative_to(ROOT) for file in (*ROOT.glob("*/pyproject.toml"), *ROOT.glob("*/*/pyproject.toml"))
    }
    mapped = entries()
    assert packages == {Path(top) for top in mapped if (ROOT / top / "pyproject.toml").exists()} | {
        Path(top) / name for top in ("plugins", "examples") for name in mapped[top]
    }


def test_every_part_of_the_contract_and_the_host_is_in_the_map() -> None:
    mapped = entries()
    for top in ("contract", "host"):
        parts = {path.parent.name for path in source_of(ROOT / top).glob("*/__init__.py")}
        assert parts == {name for name in mapped[top] if "." not in name}


def test_paths_in_the_text_exist() -> None:
    paths = re.findall(r"`([a-z_]+/[\w/.-]*)`", TEXT)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists() and not (SOURCE / path).exists()] == []
