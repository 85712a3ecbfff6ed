"""Fixtures for layers over installed drivers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Config = dict[str, object]


@pytest.fixture
def keyfile(tmp_path: Path) -> str:
    """A file with one key."""
    path = tmp_path / "key"
    path.write_text(f"{'a1' * 32}\n")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> Callable[[str], Config]:
    """A function that returns the configuration of a filesystem driver in a folder of the test."""
    return lambda name: {"filesystem": {"rootdirectory": str(tmp_path / name)}}
