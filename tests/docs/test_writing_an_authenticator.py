"""The package in ``docs/writing-an-authenticator.md`` passes its kit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

PAGE: Final = (Path(__file__).parents[2] / "docs/writing-an-authenticator.md").read_text()
FILES: Final[Mapping[str, str]] = dict(
    re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', PAGE, re.DOTALL | re.MULTILINE)
)
MAX_LINES: Final = 70


def test_the_authenticator_is_small() -> None:
    assert len(FILES["entrepot_auth_jsonfile.py"].splitlines()) <= MAX_LINES


@pytest.mark.timeout(300)
def test_the_authenticator_passes_its_kit(tmp_path: Path) -> None:
    for name in ("entrepot_auth_jsonfile.py", "test_jsonfile.py"):
        (tmp_path / name).write_text(FILES[name])
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        str(tmp_path),
    ]
    done = subprocess.run(
        [*command, str(tmp_path / "test_jsonfile.py")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTEST_DEBUG_TEMPROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
