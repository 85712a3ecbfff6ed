"""Benchmarks of a host on a driver: an installed one, or that of a contract test class."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .installed_driver import install

if TYPE_CHECKING:
    from .conftest import Pytest

HOSTED = ("--pyargs", "entrepot_benchmarks.suites.hosted", "--storage-largest-blob=1")
PULL = "Pull-1MB-1 and not Pull-1MB-16"
FILE = """
import pytest
from entrepot_contract.testing import StorageContract
from entrepot_storage_fs import FilesystemDriver

class Shelf(FilesystemDriver):
    name = "shelf"

class TestInstalled(StorageContract):
    driver_class = FilesystemDriver

    @pytest.fixture
    def config(self):
        return {"rootdirectory": STORE}

class TestNotInstalled(TestInstalled):
    driver_class = Shelf

class TestOther(TestInstalled):
    driver_class = type("Other", (FilesystemDriver,), {})
"""
OTHER_BYTES = """
    def read(self, key, **more):
        reader = super().read(key, **more)
        return Other(reader) if reader.info.size > 100_000 else reader

class Other:
    def __init__(self, reader):
        self.reader, self.info, self.close = reader, reader.info, reader.close

    def __iter__(self):
        return (bytes([chunk[0] ^ 1]) + chunk[1:] for chunk in self.reader)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
"""


def test_a_host_is_measured_on_each_backend_and_leaves_nothing_behind(inner: Pytest) -> None:
    (inner.folder / "options.yml").write_text(f"rootdirectory: {inner.store}\n")
    backends = ("--storage-backend=disk:filesystem=options.yml", "--storage-backend=inmemory")
    found = inner.measure(*HOSTED, *backends, "-k", f"Push-Small-Images-4 or ({PULL})")
    assert set(found) == {
        f"{backend}: host[{case}]" for backend in ("disk", "inmemory") for case in ("Push-Small-Images-4", "Pull-1MB-1")
    }
    spent = dict.fromkeys(("disk", "inmemory"), 0.0)
    for name, each in found.items():
        facts, stats = each["extra_info"], each["stats"]
        assert isinstance(facts, dict)
        assert isinstance(stats, dict)
        assert each["group"] in {"Push Small Images, 4 clients", "Pull 1MB, 1 client"}
        assert 0 < facts["p50 seconds"] <= facts["p95 seconds"] <= facts["p99 seconds"]
        spent[name.partition(":")[0]] += facts["host CPU seconds per operation"]
        assert facts["generator CPU seconds per operation"] > 0
        assert facts["host memory bytes"] > 10 * 2**20
        assert facts["MB/s"] > 0
        assert facts["operations"] >= stats["rounds"] * facts["clients"]
        assert stats["rounds"] == 2
        assert 1 / stats["max"] * 0.999 < facts["operations/s"] < 1 / stats["min"] * 1.001
    assert min(spent.values()) > 0, (
        "the kernel counts in hundredths of a second, so a single short case may have 0, but not all"
    )
    assert inner.left() == []


def test_disabled_benchmarks_run_each_turn_once(inner: Pytest) -> None:
    run = inner.run(*HOSTED, "--storage-backend=inmemory", "--benchmark-disable", "-k", "Push-Small-Images-4")
    assert run.returncode == 0, run.stdout
    assert "1 passed" in run.stdout
    assert "Name (time in" not in run.stdout


def test_a_host_is_measured_with_a_contract_test_file_unless_it_cannot_find_the_driver(inner: Pytest) -> None:
    inner.write("test_shelf.py", FILE)
    found, output = inner.measure_and_print("--storage-host-benchmarks", "-k", "Push-Small-Images-16", "-rs")
    assert set(found) == {"filesystem (TestInstalled): host[Push-Small-Images-16]"}
    assert "1 passed, 2 skipped" in output
    assert "only by entry point, and no storage plugin is called 'shelf'; installed: " in output
    assert "and the installed storage plugin 'filesystem' is not Other" in output
    assert inner.left() == []


def test_a_host_that_returns_wrong_content_fails(inner: Pytest) -> None:
    site = install(inner.folder, more=OTHER_BYTES)
    backend = f"--storage-backend=shelf={{folder: {inner.store}}}"
    run = inner.with_site(site).run(*HOSTED, backend, "--benchmark-max-time=0.1", "-k", PULL)
    assert run.returncode == 1
    assert re.search(r"GET /v2/\S+ returned content that does not match sha256:", run.stdout), run.stdout
    assert " passed" not in run.stdout.splitlines()[-1]
    assert inner.left() == []
