"""Runs pytest in a subprocess, like an author or user of a driver."""

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
UNRELATED = ("anyio", "hypothesispytest")
"""Plugins that no benchmark needs, and whose imports take half of the time of a short run."""


@dataclass(frozen=True)
class Pytest:
    """A working folder; ``environment`` is added to that of this process."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def store(self) -> Path:
        """The data folder of the drivers in the tests."""
        return self.folder / "store"

    def write(self, name: str, text: str) -> None:
        """Write a file to the folder, with ``STORE`` replaced by the data folder."""
        (self.folder / name).write_text(text.replace("STORE", repr(str(self.store))))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pytest, with warnings as errors."""
        command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "-c", os.devnull]
        command += [word for plugin in UNRELATED for word in ("-p", f"no:{plugin}")]
        command += ["--rootdir", str(self.folder), f"--basetemp={self.folder / 'base'}", *arguments]
        # Without the variables of the outer pytest: with those of an xdist worker, it would act as a worker.
        outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment = {**outer, "COLUMNS": "1000", **self.environment}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=250, check=False
        )

    def measure(self, *arguments: str) -> dict[str, dict[str, object]]:
        """Run short benchmarks, which must pass, and return them by name."""
        return self.measure_and_print(*arguments)[0]

    def measure_and_print(self, *arguments: str) -> tuple[dict[str, dict[str, object]], str]:
        """Run short benchmarks, which must pass, and return them by name, with the output."""
        run = self.run(*SHORT, "--benchmark-json=result.json", *arguments)
        assert run.returncode == 0, run.stdout + run.stderr
        found = json.loads((self.folder / "result.json").read_text())["benchmarks"]
        return {each["name"]: each for each in found}, run.stdout

    def with_site(self, site: Path) -> Pytest:
        """Return a copy with the packages installed in a folder."""
        outer = os.environ.get("PYTHONPATH", "")
        return replace(self, environment={"PYTHONPATH": f"{site}{os.pathsep}{outer}".rstrip(os.pathsep)})

    def left(self) -> list[Path]:
        """Return the files in the store."""
        return [path for path in self.store.rglob("*") if path.is_file()]


@pytest.fixture
def inner(tmp_path: Path) -> Pytest:
    """A pytest in an empty folder."""
    return Pytest(tmp_path, {})
