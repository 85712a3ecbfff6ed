"""Failures of the filesystem are raised as errors of the contract, and leave no incomplete object."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # fsspec ships no types
from support.services.programs import need_root

from entrepot_contract import (
    DeleteFailed,
    Denied,
    InvalidKey,
    NoSpace,
    NotFound,
    StorageError,
    Unavailable,
    Unsupported,
    UploadConflict,
    WriteMode,
)
from entrepot_storage_fsspec import FsspecDriver


def on(root: Path) -> FsspecDriver:
    return FsspecDriver.from_config({"protocol": "local", "rootdirectory": str(root)})


@pytest.fixture
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    need_root(request, "mount a small disk")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_no_space_and_leaves_the_upload(small: Path) -> None:
    driver = on(small)
    driver.put("small", b"fits")
    state = driver.upload_append(driver.upload_start("k"), [b"first"])
    free = os.statvfs(small).f_bfree
    for call in (lambda: driver.put("k", bytes(2**21)), lambda: driver.upload_append(state, [bytes(2**20)] * 2)):
        with pytest.raises(NoSpace):
            call()
        assert os.statvfs(small).f_bfree == free
    driver.upload_commit(driver.upload_append(state, [bytes(1000)]))
    assert [(item.key, driver.stat(item.key).size) for item in driver.list_objects()] == [("k", 1005), ("small", 4)]


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A root that everybody can enter and only its owner can change; the test runs as another user."""
    with tempfile.TemporaryDirectory(prefix="entrepot-") as name:
        on(Path(name)).put("a/secret", b"bytes")
        (Path(name) / "a/secret").chmod(0)
        folders = (Path(name), Path(name) / "a", Path(name) / ".entrepot", Path(name) / ".entrepot/staged")
        for folder in folders:
            folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        yield Path(name)
        if root:
            os.seteuid(0)
        for folder in folders:
            folder.chmod(0o755)


def test_a_missing_permission_is_denied(foreign: Path) -> None:
    driver = on(foreign)
    calls: list[Callable[[], object]] = [
        lambda: driver.put("k", b"new"),
        lambda: driver.read("a/secret"),
        lambda: driver.move("a/secret", "k"),
        lambda: driver.upload_start("k"),
    ]
    for call in calls:
        with pytest.raises(Denied):
            call()
    with pytest.raises(DeleteFailed) as caught:
        driver.delete(["a/secret", "missing"])
    assert {key: type(error) for key, error in caught.value.failed.items()} == {"a/secret": Denied}


def test_unclaimed_capabilities_are_unsupported(tmp_path: Path) -> None:
    with pytest.raises(Unsupported):
        on(tmp_path).put("k", b"", mode=WriteMode.CREATE)
    assert list(on(tmp_path).list_objects()) == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotImplementedError("s3cret"), Unsupported),
        (OSError(errno.EIO, "s3cret"), Unavailable),
        (EOFError("s3cret"), Unavailable),
        (KeyError("s3cret"), Unavailable),
        (type("AuthenticationException", (Exception,), {})("s3cret"), Denied),
    ],
)
def test_a_failure_is_not_reported_as_a_missing_object(
    error: Exception, kind: type[StorageError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = on(tmp_path)
    driver.put("a/k", b"bytes")

    def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(LocalFileSystem, "info", fail)
    calls: list[Callable[[], object]] = [
        lambda: driver.stat("a/k"),
        lambda: driver.read("a/k"),
        lambda: list(driver.list_objects()),
    ]
    for call in calls:
        with pytest.raises(kind) as caught:
            call()
        assert not isinstance(caught.value, NotFound)
        assert "s3cret" not in str(caught.value)
        assert caught.value.__cause__ is error
    with pytest.raises(DeleteFailed) as failed:
        driver.delete(["a/k"])
    assert type(failed.value.failed["a/k"]) is kind


def test_a_failed_commit_can_be_repeated(tmp_path: Path) -> None:
    driver = on(tmp_path)
    driver.put("a/b", b"object")
    state = driver.upload_append(driver.upload_start("k"), [b"first"])
    for target in ("a/b/c", "a"):
        with pytest.raises(InvalidKey):
            driver.upload_commit(state, target=target)
    state = driver.upload_append(state, [b" and second"])
    with pytest.raises(InvalidKey):
        driver.upload_commit(state, target="a/b/c")
    assert driver.upload_commit(state).size == 16
    assert [item.key for item in driver.list_objects()] == ["a/b", "k"]


def test_an_append_overtaken_while_waiting_for_its_client_is_a_conflict(tmp_path: Path) -> None:
    driver = on(tmp_path)
    base = driver.upload_append(driver.upload_start("k"), [b"base"])
    won = []

    def slow() -> Iterator[bytes]:
        yield b"slow"
        won.append(driver.upload_append(base, [b" and more"]))

    with pytest.raises(UploadConflict):
        driver.upload_append(base, slow())
    driver.upload_commit(driver.upload_append(won[0], [b" end"]))
    with driver.read("k") as reader:
        assert b"".join(reader) == b"base and more end"
