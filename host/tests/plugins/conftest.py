"""Fixture that installs packages with plugins for one test."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Returns a function that installs a package with one module and entry points, as pip would."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    before = set(sys.modules)

    def add(package: str, source: str, *, version: str = "1.2.3", **points: dict[str, str]) -> None:
        module = package.replace("-", "_")
        site = tmp_path / "site"
        info = site / f"{module}-{version}.dist-info"
        info.mkdir(parents=True)
        info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        groups = [
            f"[entrepot.{group}]\n" + "".join(f"{name} = {module}:{what}\n" for name, what in names.items())
            for group, names in points.items()
        ]
        info.joinpath("entry_points.txt").write_text("\n".join(groups))
        site.joinpath(f"{module}.py").write_text(dedent(source))
        importlib.invalidate_caches()

    yield add
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
