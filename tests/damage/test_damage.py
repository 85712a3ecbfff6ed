"""A registry responds to damaged storage as docs/damage.md describes, on a filesystem and on S3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.services.ceph import PROGRAMS, Ceph
from support.services.programs import need
from support.services.s3 import s3_options

from damage.answers import CASES, DAMAGED, HEADER, Row, foreign_objects, host, observe
from damage.tree import TAG, digest_of
from entrepot_contract import StorageDriver
from entrepot_storage_fs import FilesystemDriver
from entrepot_storage_layers import EncryptDriver
from entrepot_storage_s3 import S3Driver

PAGE = Path(__file__).parents[2] / "docs" / "damage.md"
UNDETECTED = {(target, kind) for target in ("config", "layer") for kind in ("truncated", "zeros", "one byte")}
"""Damage that only the client detects, because blobs are not hashed when they are pulled."""

TARGETS = list(dict.fromkeys(target for target, _ in CASES))


@pytest.fixture(scope="module")
def filesystem(tmp_path_factory: pytest.TempPathFactory) -> StorageDriver:
    return FilesystemDriver.from_config({"rootdirectory": str(tmp_path_factory.mktemp("damage"))})


@pytest.fixture(scope="module")
def s3(request: pytest.FixtureRequest) -> Iterator[StorageDriver]:
    need(request, *PROGRAMS)
    ceph: Ceph = request.getfixturevalue("ceph")
    driver = S3Driver.from_config(s3_options(ceph))
    yield driver
    driver.close()


@pytest.fixture(params=["filesystem", "s3"])
def driver(request: pytest.FixtureRequest) -> StorageDriver:
    found: StorageDriver = request.getfixturevalue(request.param)
    return found


def documented(driver: StorageDriver) -> dict[tuple[str, str], Row]:
    """Return the rows of the page. They describe the filesystem, and how other storages differ."""
    lines = [line.strip("| \n").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert tuple(lines[0]) == HEADER
    rows = [Row(*line) for line in lines[2:]]
    if driver.name != "filesystem":
        rows = [replace(row, push="201", after="200") if row.kind == "directory" else row for row in rows]
    return {(row.target, row.kind): row for row in rows}


@pytest.mark.parametrize("target", TARGETS)
def test_the_page_matches_the_responses(driver: StorageDriver, target: str) -> None:
    expected = {case: row for case, row in documented(driver).items() if case[0] == target}
    assert {case: observe(driver, *case) for case in CASES if case[0] == target} == expected


def test_damaged_content_is_only_served_for_blobs_that_only_a_hash_can_detect(driver: StorageDriver) -> None:
    rows = documented(driver)
    assert set(rows) == set(CASES)
    for case, row in rows.items():
        undetected = [name for name in Row.__slots__ if DAMAGED in getattr(row, name)]
        if case not in UNDETECTED:
            assert undetected == [], case
        # A push repairs it, and never reuses damaged content.
        assert DAMAGED not in row.push + row.after
        assert DAMAGED not in row.put or row.kind != "truncated"


def test_an_object_that_a_layer_detects_as_damaged_is_absent_and_repaired_by_a_push(tmp_path: Path) -> None:
    keyfile = tmp_path / "key"
    keyfile.write_text(f"{'5a' * 32}\n")
    raw = {"rootdirectory": str(tmp_path / "data")}
    encrypted = EncryptDriver.from_config({"inner": {"filesystem": raw}, "keyfile": str(keyfile)})
    for target, kind in CASES:
        if kind in ("empty", "zeros"):
            row = observe(encrypted, target, kind, FilesystemDriver.from_config(raw))
            # Whether a chunk of a blob is intact only shows when it is read.
            late = (target, kind) in UNDETECTED
            assert row.get in (("404", "500") if late else ("404",)), row
            assert row.head in (("404", "200¹") if late else ("404",)), row
            assert (row.delete, row.push, row.after) == ("202", "201", "200"), row


def test_foreign_objects_next_to_an_image_are_ignored(driver: StorageDriver) -> None:
    image, keys = foreign_objects(driver)
    with host(driver) as client:
        for path, content in (
            (f"manifests/{TAG}", image.manifest),
            (f"manifests/{digest_of(image.manifest)}", image.manifest),
            (f"blobs/{digest_of(image.layer)}", image.layer),
        ):
            assert client.simulate_get(f"/v2/{image.name}/{path}").content == content
        assert client.simulate_get(f"/v2/{image.name}/tags/list").json == {"name": image.name, "tags": [TAG]}
        assert client.simulate_put(f"/v2/{image.name}/manifests/new", body=image.manifest).status_code == 201
        assert client.simulate_delete(f"/v2/{image.name}/manifests/{digest_of(image.manifest)}").status_code == 202
        assert client.simulate_get(f"/v2/{image.name}/manifests/{TAG}").status_code == 404
    assert [driver.stat(key).key for key in keys if f"/tags/{TAG}/" not in key]
