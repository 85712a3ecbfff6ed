"""Storage for counting: installed drivers, drivers of tests, and emulators of cloud storage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from support.services.azurite import PROGRAM, Azurite
from support.services.gcs import Gcs
from support.services.moto import Moto
from support.services.programs import need
from support.services.s3 import s3_options

ROOT = Path(__file__).parents[3]
POINTS = "".join(
    f"{name.lower()} = benchmarks.tests.cost.drivers:{name}Driver\n" for name in ("Wired", "Failing", "Slow")
)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drivers of the tests, installed for every process started by the test."""
    about = tmp_path / "site" / "cost_drivers-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: cost-drivers\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[entrepot.storage]\n{POINTS}")
    monkeypatch.setenv("PYTHONPATH", f"{about.parent}{os.pathsep}{ROOT}")


@pytest.fixture
def s3() -> Iterator[dict[str, object]]:
    with Moto() as moto:
        yield s3_options(moto)


@pytest.fixture
def azure(request: pytest.FixtureRequest) -> Iterator[dict[str, object]]:
    need(request, PROGRAM)
    with Azurite(memory=True) as azurite:
        yield azurite.options(azurite.container(f"cost-{uuid4().hex}"))


@pytest.fixture
def gcs() -> Iterator[dict[str, object]]:
    with Gcs(memory=True) as server:
        yield {"bucket": server.bucket(f"cost-{uuid4().hex}"), "endpoint": server.endpoint}
