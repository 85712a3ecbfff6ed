"""The command ``entrepot-contract`` where its extra is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

RUN = "import sys; sys.modules[{!r}] = None; from entrepot_contract.command import main; sys.exit(main(['check', 'x']))"


@pytest.mark.parametrize("package", ["pytest", "hypothesis"])
def test_without_the_extra_it_says_what_to_install(package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(package)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f"entrepot-contract: {package} is not installed; pip install 'entrepot-contract[testing]'\n"
