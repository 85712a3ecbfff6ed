"""A pytest of its own, as whoever wrote or installed a driver starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

SHORT = ("--storage-largest-blob=1", "--benchmark-max-time=0.01", "--benchmark-min-rounds=2")


@dataclass(frozen=True)
class Pytest:
    """A folder to run it in; ``environment`` is added to this one's."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def store(self) -> Path:
        """Where the drivers of the tests keep their data."""
        return self.folder / "store"

    def write(self, name: str, text: str) -> None:
        """A file of the folder; ``STORE`` in it is the place of the data."""
        (self.folder / name).write_text(text.replace("STORE", repr(str(self.store))))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it, with warnings as errors."""
        command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "-c", os.devnull]
        command += ["--rootdir", str(self.folder), f"--basetemp={self.folder / 'base'}", *arguments]
        # Not what the outer one has set: where a worker of xdist starts it, it would take itself for one.
        outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment = {**outer, "COLUMNS": "1000", **self.environment}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=250, check=False
        )

    def measure(self, *arguments: str) -> dict[str, dict[str, object]]:
        """Run short benchmarks, which have to pass, and answer them by their names."""
        run = self.run(*SHORT, "--benchmark-json=result.json", *arguments)
        assert run.returncode == 0, run.stdout + run.stderr
        found = json.loads((self.folder / "result.json").read_text())["benchmarks"]
        return {each["name"]: each for each in found}

    def with_site(self, site: Path) -> Pytest:
        """The same with the packages that are installed in a folder."""
        outer = os.environ.get("PYTHONPATH", "")
        return replace(self, environment={"PYTHONPATH": f"{site}{os.pathsep}{outer}".rstrip(os.pathsep)})

    def left(self) -> list[Path]:
        """The files in the store."""
        return [path for path in self.store.rglob("*") if path.is_file()]


@pytest.fixture
def inner(tmp_path: Path) -> Pytest:
    """A pytest in a folder that holds nothing yet."""
    return Pytest(tmp_path, {})
