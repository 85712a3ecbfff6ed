"""The command ``entrepot-contract`` without its extra."""

from __future__ import annotations

import subprocess
import sys

import pytest

RUN = "import sys; sys.modules[{!r}] = None; from entrepot_contract.command import main; sys.exit(main(['check', 'x']))"


@pytest.mark.parametrize("package", ["pytest", "hypothesis"])
def test_the_missing_extra_is_reported(package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(package)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f"entrepot-contract: {package} is not installed; pip install 'entrepot-contract[testing]'\n"
