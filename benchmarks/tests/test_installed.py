"""The package works as installed: no module needs a checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

IMPORT_ALL: Final = """
import importlib, pkgutil, entrepot_benchmarks as package
names = [module.name for module in pkgutil.walk_packages(package.__path__, "entrepot_benchmarks.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_all_modules_can_be_imported_outside_of_a_checkout(tmp_path: Path) -> None:
    # -I: neither the working directory nor PYTHONPATH is on the path.
    command = [sys.executable, "-I", "-c", IMPORT_ALL]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50
