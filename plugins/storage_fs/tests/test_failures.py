"""Operating system errors are raised as errors of the contract, with the original error as cause."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrepot_contract import (
    ConfigError,
    DeleteFailed,
    Denied,
    InvalidKey,
    NoSpace,
    NotFound,
    Unavailable,
    Unsupported,
    WriteMode,
)
from entrepot_storage_fs import FilesystemDriver
from entrepot_storage_fs.failures import Reporting

Mount = Callable[..., Path]


def on(root: Path) -> FilesystemDriver:
    return FilesystemDriver.from_config({"rootdirectory": str(root)})


def test_a_full_disk_is_no_space_and_leaves_no_files(mount: Mount) -> None:
    root = mount("tmpfs", "size=1m")
    driver = on(root)
    driver.put("small", b"fits")
    free = os.statvfs(root).f_bfree
    with pytest.raises(NoSpace, match="rootdirectory") as caught:
        driver.put("k", bytes(2**21))
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert os.statvfs(root).f_bfree == free
    assert [info.key for info in driver.list_objects()] == ["small"]


def test_an_upload_continues_when_a_full_disk_has_space_again(mount: Mount) -> None:
    driver = on(mount("tmpfs", "size=1m"))
    driver.put("ballast", bytes(2**19))
    state = driver.upload_append(driver.upload_start("k"), [b"first"])
    with pytest.raises(NoSpace):
        driver.upload_append(state, [bytes(2**19), bytes(2**19)])
    driver.delete(["ballast"])
    driver.upload_commit(driver.upload_append(state, [bytes(2**19)]))
    with driver.read("k") as reader:
        assert b"".join(reader) == b"first" + bytes(2**19)


def test_a_read_only_disk_is_denied_and_can_be_read(mount: Mount) -> None:
    root = mount("tmpfs")
    driver = on(root)
    driver.put("k", b"bytes")
    subprocess.run(["mount", "-o", "remount,ro", str(root)], check=True)
    calls: list[Callable[[], object]] = [
        lambda: driver.put("k", b"new"),
        lambda: driver.move("k", "l"),
        lambda: driver.upload_start("k"),
    ]
    for call in calls:
        with pytest.raises(Denied):
            call()
    with pytest.raises(DeleteFailed) as caught:
        driver.delete(["k"])
    assert {key: type(error) for key, error in caught.value.failed.items()} == {"k": Denied}
    with driver.read("k") as reader:
        assert b"".join(reader) == b"bytes"
    health = driver.health()
    assert not health.ok
    assert "is not writable" in health.detail


def test_a_second_filesystem_below_the_root_is_unsupported(mount: Mount) -> None:
    below = mount("tmpfs")
    driver = on(below.parent)
    calls: list[Callable[[], object]] = [
        lambda: driver.put(f"{below.name}/k", b"bytes"),
        lambda: driver.put(f"{below.name}/k", b"bytes", mode=WriteMode.CREATE),
        lambda: driver.upload_commit(driver.upload_start("u"), target=f"{below.name}/k"),
    ]
    for call in calls:
        with pytest.raises(Unsupported, match="use one filesystem") as caught:
            call()
        assert not caught.value.retryable
    assert not list(below.iterdir())


@contextmanager
def as_nobody() -> Iterator[None]:
    """Run as a user for whom permissions are enforced."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def foreign_root() -> Iterator[Path]:
    """A root that everybody can enter, and only its owner can use."""
    root = Path(tempfile.mkdtemp(prefix="entrepot-"))
    on(root).put("a/secret", b"bytes")
    (root / "a/secret").chmod(0)
    for directory in (root, root / ".entrepot", root / ".entrepot/staged", root / ".entrepot/uploads", root / "a"):
        directory.chmod(0o555)
    yield root
    for directory in (root, *(path for path in root.rglob("*") if path.is_dir())):
        directory.chmod(0o755)
    shutil.rmtree(root)


@pytest.mark.parametrize(
    ("right", "call"),
    [
        ("write", lambda driver: driver.put("k", b"new")),
        ("read", lambda driver: driver.read("a/secret")),
        ("write", lambda driver: driver.move("a/secret", "k")),
        ("write", lambda driver: driver.upload_start("k")),
    ],
)
def test_a_missing_permission_is_denied(
    foreign_root: Path, right: str, call: Callable[[FilesystemDriver], object]
) -> None:
    with as_nobody(), pytest.raises(Denied, match=f"permission to {right}") as caught:
        call(on(foreign_root))
    assert isinstance(caught.value.__cause__, PermissionError)


def test_a_directory_without_permission_is_not_listed_as_empty(foreign_root: Path) -> None:
    (foreign_root / "a").chmod(0)
    with as_nobody():
        with pytest.raises(Denied):
            list(on(foreign_root).list_objects("a/"))
        with pytest.raises(Denied):
            on(foreign_root).stat("a/secret")


def test_a_limit_of_the_process_is_no_space(driver: FilesystemDriver) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(NoSpace):
            driver.put("k", bytes(1001))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_key_that_is_a_directory_of_other_keys_cannot_be_written(driver: FilesystemDriver) -> None:
    driver.put("a/b/c", b"")
    calls: list[Callable[[], object]] = [
        lambda: driver.put("a/b", b""),
        lambda: driver.put("a/b/c/d", b""),
        lambda: driver.move("a/b/c", "a"),
        lambda: driver.upload_commit(driver.upload_start("a/b")),
    ]
    for call in calls:
        with pytest.raises(InvalidKey):
            call()
    assert [info.key for info in driver.list_objects()] == ["a/b/c"]


def test_a_file_truncated_during_a_read_is_unavailable(driver: FilesystemDriver, tmp_path: Path) -> None:
    driver.put("k", bytes(3 * 2**20))
    with driver.read("k") as reader:
        chunks = iter(reader)
        next(chunks)
        os.truncate(tmp_path / "root/k", 2**20)
        with pytest.raises(Unavailable, match="bytes miss"):
            next(chunks)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENOENT])
def test_an_unknown_error_is_unavailable_and_never_not_found(number: int) -> None:
    with pytest.raises(Unavailable) as caught, Reporting("stat", "k"):
        raise OSError(number, os.strerror(number))
    assert not isinstance(caught.value, NotFound)
    assert caught.value.retryable


def test_a_root_that_is_a_file_is_a_wrong_option(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"'rootdirectory'.* is a file"):
        on(tmp_path / "file").put("k", b"")
    assert not on(tmp_path / "file").health().ok


def test_a_case_insensitive_root_is_refused_by_every_call(tmp_path: Path) -> None:
    # A case-insensitive filesystem may not be available. A second link simulates it: one file with both names.
    (tmp_path / "name").touch()
    os.link(tmp_path / "name", tmp_path / "NAME")
    driver = on(tmp_path)
    calls: list[Callable[[], object]] = [
        lambda: driver.put("k", b""),
        lambda: driver.read("k"),
        lambda: driver.stat("k"),
        lambda: list(driver.list_objects()),
        lambda: driver.upload_start("k"),
    ]
    for call in calls:
        with pytest.raises(ConfigError, match=r"'rootdirectory'.*is case-insensitive"):
            call()
    assert "case" in driver.health().detail
    (tmp_path / "NAME").unlink()
    driver.put("k", b"")


@pytest.mark.parametrize("config", [{"rootdirectory": ""}, {"rootdirectory": "a\0b"}, {"maxthreads": 0}, {"root": "/"}])
def test_wrong_options_are_refused_by_name(config: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(config))):
        FilesystemDriver.from_config(config)


def test_construction_accesses_no_disk(tmp_path: Path) -> None:
    driver = on(tmp_path / "root")
    assert driver.health().ok
    with pytest.raises(NotFound):
        driver.stat("k")
    assert list(driver.list_objects()) == []
    assert not (tmp_path / "root").exists()


def test_every_error_is_an_error_of_the_contract() -> None:
    with pytest.raises(Unavailable, match="filesystem: put k: ") as caught, Reporting("put", "k"):
        raise TimeoutError("concurrent deletes removed the directory")
    assert "concurrent deletes" in str(caught.value)
