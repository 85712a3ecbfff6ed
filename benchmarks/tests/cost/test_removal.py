"""Counting leaves the storage unchanged, even after errors and interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import boto3
import psutil
import pytest

from entrepot.plugins import load_storage
from entrepot_benchmarks.cost import count_operations
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_contract import ObjectInfo

OLD = {"docker/registry/v2/blobs/sha256/ab/abcd/data": b"a blob", "entrepot/uploads/old.00000000": b"{}"}


def stored(driver: str, options: Mapping[str, object]) -> list[tuple[str, int]]:
    opened = load_storage(driver).from_config(options)
    found = [(one.key, one.size) for one in opened.list_objects() if isinstance(one, ObjectInfo)]
    opened.close()
    return found


def store(driver: str, options: Mapping[str, object]) -> list[tuple[str, int]]:
    opened = load_storage(driver).from_config(options)
    for key, data in OLD.items():
        opened.put(key, data)
    opened.close()
    return stored(driver, options)


def uploads(root: Path) -> list[Path]:
    """Return the files of unfinished uploads."""
    return [path for path in (root / ".entrepot").rglob("*") if path.is_file()]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store on a filesystem that is not empty."""
    store("filesystem", {"rootdirectory": str(tmp_path / "root")})
    return tmp_path / "root"


@pytest.fixture
def before(root: Path) -> list[tuple[str, int]]:
    found = stored("filesystem", {"rootdirectory": str(root)})
    assert len(found) == len(OLD)
    return found


def test_a_filesystem_is_left_unchanged(root: Path, before: list[tuple[str, int]]) -> None:
    options = {"rootdirectory": str(root)}
    idle = uploads(root)
    count_operations("mine", "filesystem", options, blob_sizes=(10_000, 2**20))
    assert stored("filesystem", options) == before
    assert uploads(root) == idle


@pytest.mark.parametrize("driver", ["s3", "azure", "gcs"])
def test_cloud_storage_is_left_unchanged(driver: str, request: pytest.FixtureRequest) -> None:
    options: dict[str, object] = request.getfixturevalue(driver)
    before = store(driver, options)
    count_operations("cloud", driver, options, blob_sizes=(10_000, 2**20))
    assert stored(driver, options) == before


def test_no_temporary_objects_or_uploads_are_left_in_s3(s3: dict[str, object]) -> None:
    count_operations("cloud", "s3", s3, blob_sizes=(10_000, 2**20))
    client = boto3.client(
        "s3",
        endpoint_url=str(s3["regionendpoint"]),
        region_name=str(s3["region"]),
        aws_access_key_id=str(s3["accesskey"]),
        aws_secret_access_key=str(s3["secretkey"]),
    )
    bucket = str(s3["bucket"])
    # The driver uses these objects to probe the server's features; they are kept for the next process.
    kept = [".entrepot/create", ".entrepot/order/a-b", ".entrepot/order/a/b"]
    assert [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]] == kept
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
    client.close()


@pytest.mark.parametrize(
    ("verb", "call", "why"),
    [
        ("put", 1, "ValueError"),
        ("put", 7, "ValueError"),
        ("put", 60, "ValueError"),
        ("upload_append", 1, "the quota is used up"),
        ("upload_commit", 1, "the quota is used up"),
    ],
)
def test_nothing_is_left_after_an_error(
    installed: None, root: Path, before: list[tuple[str, int]], verb: str, call: int, why: str
) -> None:
    options = {"rootdirectory": str(root), "verb": verb, "call": call, "password": "hush-hush"}
    idle = uploads(root)
    with pytest.raises(
        BenchmarkError, match=r"^the requests of mine cannot be counted: the backend failed: "
    ) as caught:
        count_operations("mine", "failing", options, blob_sizes=(10_000, 2**20))
    assert why in str(caught.value)
    assert "hush-hush" not in str(caught.value)
    assert "cannot be removed" not in str(caught.value)
    assert stored("filesystem", {"rootdirectory": str(root)}) == before
    assert uploads(root) == idle


COUNT = """
import sys
from entrepot_benchmarks.cost import count_operations
count_operations("mine", "slow", {"rootdirectory": sys.argv[1], "password": sys.stdin.readline().strip()})
"""


def test_nothing_is_left_after_ctrl_c_and_no_command_line_contains_options(
    installed: None, root: Path, before: list[tuple[str, int]]
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", COUNT, str(root)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write("hush-hush\n")
    process.stdin.close()
    deadline = time.monotonic() + 60
    tags = root / "docker/registry/v2/repositories"
    while not list(tags.glob("entrepot-cost-*/a/_layers")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    [child] = psutil.Process(process.pid).children()
    assert "hush-hush" not in " ".join(child.cmdline())
    os.kill(process.pid, signal.SIGINT)
    process.stdin = None
    _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert not child.is_running()
    assert stored("filesystem", {"rootdirectory": str(root)}) == before


def test_data_that_cannot_be_removed_is_reported_with_its_location(installed: None, root: Path) -> None:
    options = {"rootdirectory": str(root), "verb": "delete"}
    with pytest.raises(BenchmarkError, match="the quota is used up; the pushed data cannot be removed: ") as caught:
        count_operations("mine", "failing", options, blob_sizes=[10_000])
    [left] = (root / "docker/registry/v2/repositories").iterdir()
    assert f"delete {left.relative_to(root)}/" in str(caught.value)
