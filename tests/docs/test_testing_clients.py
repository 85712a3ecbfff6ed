"""Follow ``docs/testing-clients.md``: install the fixture and use it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
UV: Final = Path(sys.executable).with_name("uv")
SOURCES: Final = ("contract", "host", "plugins/storage_memory")
PAGE: Final = (ROOT / "docs/testing-clients.md").read_text()


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command without the environment variables of this test run."""
    ours = ("VIRTUAL_ENV", "PYTHON", "PYTEST", "COV_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False)


def uv(folder: Path, *command: str | Path) -> None:
    """Run uv from its cache; if the cache is incomplete, with network access."""
    done = run(folder, UV, "--quiet", "--offline", *command)
    if done.returncode != 0:
        done = run(folder, UV, "--quiet", *command)
    assert done.returncode == 0, done.stderr


def test_the_fixture_is_available_with_the_extra(tmp_path: Path) -> None:
    (extra,) = set(re.findall(r"pip install '([^']+)'", PAGE))
    for source in SOURCES:
        uv(tmp_path, "build", "--wheel", "--out-dir", "wheels", ROOT / source)
    wheels = {path.name.partition("-")[0].replace("_", "-"): path for path in (tmp_path / "wheels").glob("*.whl")}
    (tmp_path / "constraints.txt").write_text("".join(f"{name} @ {at.as_uri()}\n" for name, at in wheels.items()))
    uv(tmp_path, "venv", "--python", sys.executable, "venv")
    uv(tmp_path, "pip", "install", "--python", "venv", "--constraints", "constraints.txt", extra)

    first = re.search(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert first is not None
    (tmp_path / "test_client.py").write_text(first[1])
    theirs = (tmp_path / "venv/bin/python", "-m", "pytest", "-q", "-W", "error")
    listed = run(tmp_path, *theirs, "--fixtures")
    assert re.search(r"^registry -- .*\n    A separate registry for the test", listed.stdout, re.MULTILINE)
    done = run(tmp_path, *theirs)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
