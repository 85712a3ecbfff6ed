"""The package of a plugin in reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASE = """
import pytest
from contract.tests import honest
from entrepot_contract.testing import StorageContract

class MineDriver(honest.HonestDriver):
    name = "mine"

class TestMine(StorageContract):
    driver_class = MineDriver
    config = pytest.fixture(lambda self, tmp_path: honest.config(tmp_path))
"""


@pytest.mark.parametrize(
    ("value", "package"),
    [("mine_module:MineDriver", "entrepot-storage-mine"), ("other_module:MineDriver", None)],
)
def test_an_editable_package_is_known_by_its_entry_point(tmp_path: Path, value: str, package: str | None) -> None:
    # As installed by pip: the files are elsewhere, and a .pth file contains their path.
    info = tmp_path / "site/entrepot_storage_mine-2.5.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: entrepot-storage-mine\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text(f"[entrepot.storage]\nmine = {value}\n")
    (info / "RECORD").write_text(f"_mine.pth,,\n{info.name}/METADATA,,\n{info.name}/entry_points.txt,,\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/mine_module.py").write_text(CASE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    command += ["--import-mode=importlib", "-k", "no_contract_test_is_overridden"]
    command += [f"--contract-report={tmp_path}/kit.json", str(tmp_path / "src/mine_module.py")]
    path = os.pathsep.join(map(str, (tmp_path / "site", tmp_path / "src", ROOT)))
    environ = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (driver,) = json.loads((tmp_path / "kit.json").read_text())["drivers"]
    assert (driver["package"], driver["version"]) == (package, package and "2.5")
