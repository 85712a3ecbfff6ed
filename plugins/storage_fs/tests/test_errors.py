"""Every error contains the operation and the key."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrepot_contract import (
    ConfigError,
    DeleteFailed,
    Denied,
    NotFound,
    StorageError,
    Unavailable,
    UploadConflict,
    UploadState,
    UploadUnknown,
    WriteMode,
)
from entrepot_storage_fs import FilesystemDriver, writing
from entrepot_storage_fs.failures import Reporting

SOURCE = "a/source"
NOBODY = 65534


@contextmanager
def raised(kind: type[StorageError], operation: str, key: str | None, words: str | None = None) -> Iterator[None]:
    with pytest.raises(kind, match=words) as caught:
        yield
    error = caught.value
    assert (error.driver, error.operation, error.key) == ("filesystem", operation, key)
    assert isinstance(error.message, str)


def _be(user: int) -> None:
    if os.getuid() == 0:  # only root ignores permissions
        os.seteuid(user)


@pytest.fixture
def foreign() -> Iterator[tuple[Path, UploadState]]:
    """A root of another user with an object and an upload, which the process can neither read nor change."""
    root = Path(tempfile.mkdtemp(prefix="entrepot-"))
    driver = FilesystemDriver.from_config({"rootdirectory": str(root)})
    driver.put(SOURCE, b"bytes")
    state = driver.upload_append(driver.upload_start("a/upload"), [b"bytes"])
    directories = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for path in root.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0)
    root.chmod(0o555)
    _be(NOBODY)
    yield root, state
    _be(0)
    for directory in directories:
        directory.chmod(0o755)
    shutil.rmtree(root)


def test_an_operating_system_error_names_the_operation(foreign: tuple[Path, UploadState]) -> None:
    root, state = foreign
    driver = FilesystemDriver.from_config({"rootdirectory": str(root)})
    calls: list[tuple[str, str, Callable[[], object]]] = [
        ("put", "k", lambda: driver.put("k", b"")),
        ("read", SOURCE, lambda: driver.read(SOURCE)),
        ("move", SOURCE, lambda: driver.move(SOURCE, "k")),
        ("upload_start", "k", lambda: driver.upload_start("k")),
        ("upload_append", "a/upload", lambda: driver.upload_append(state, [b""])),
        ("upload_commit", "k", lambda: driver.upload_commit(state, target="k")),
        ("upload_abort", "a/upload", lambda: driver.upload_abort(state)),
    ]
    for operation, key, call in calls:
        with raised(Denied, operation, key, f"permission to {'read' if operation == 'read' else 'write'}"):
            call()
    with raised(DeleteFailed, "delete", None, "1 keys could not be deleted: permission denied: Permission denied"):
        driver.delete([SOURCE])
    with pytest.raises(DeleteFailed) as caught:
        driver.delete([SOURCE])
    refusal = caught.value.failed[SOURCE]
    assert (type(refusal), refusal.operation, refusal.key) == (Denied, "delete", SOURCE)


def test_a_directory_without_permission_names_the_operation(foreign: tuple[Path, UploadState]) -> None:
    driver = FilesystemDriver.from_config({"rootdirectory": str(foreign[0])})
    _be(0)
    (foreign[0] / "a").chmod(0)
    _be(NOBODY)
    with raised(Denied, "stat", SOURCE):
        driver.stat(SOURCE)
    for shallow in (False, True):
        with raised(Denied, "list_objects", "a/"):
            list(driver.list_objects("a/", shallow=shallow))
        with raised(Denied, "list_objects", "a/b/"):
            list(driver.list_objects("a/b/", shallow=shallow))
    _be(0)
    foreign[0].chmod(0)
    _be(NOBODY)
    for shallow in (False, True):
        with raised(Denied, "list_objects", None):
            list(FilesystemDriver.from_config({"rootdirectory": str(foreign[0])}).list_objects(shallow=shallow))


def test_a_wrong_root_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    driver = FilesystemDriver.from_config({"rootdirectory": str(tmp_path / "file")})
    with raised(ConfigError, "configure", None, "rootdirectory"):
        driver.stat("k")


def test_health_reports_whether_the_root_exists(driver: FilesystemDriver) -> None:
    assert "does not exist yet" in driver.health().detail
    driver.put("k", b"")
    assert driver.health().detail == "the root directory is accessible"


@pytest.mark.parametrize("size", [10, 3 * 2**20])
def test_a_truncated_file_reports_the_missing_bytes(
    driver: FilesystemDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    driver.put("a/k", bytes(size))
    real = os.fstat

    def cutting(fd: int) -> os.stat_result:
        status = real(fd)
        os.truncate(tmp_path / "root/a/k", size - 4)
        return status

    monkeypatch.setattr(os, "fstat", cutting)
    with raised(Unavailable, "read", "a/k", ": 4 bytes missing"), driver.read("a/k") as reader:
        list(reader)


def test_a_read_error_in_the_middle_names_the_key(driver: FilesystemDriver, tmp_path: Path) -> None:
    driver.put("a/k", bytes(3 * 2**20))
    with driver.read("a/k") as reader:
        chunks = iter(reader)
        next(chunks)
        fd = max(int(name) for name in os.listdir("/proc/self/fd") if _leads_to(name, tmp_path / "root/a/k"))
        unreadable = os.open(tmp_path / "other", os.O_WRONLY | os.O_CREAT)
        os.dup2(unreadable, fd)
        os.close(unreadable)
        with raised(Unavailable, "read", "a/k"):
            next(chunks)


def _leads_to(fd: str, path: Path) -> bool:
    return os.path.exists(f"/proc/self/fd/{fd}") and os.readlink(f"/proc/self/fd/{fd}") == str(path)


@pytest.fixture
def vanishing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the source of a rename disappear, as if another process had moved it first."""
    real = os.replace

    def replace(source: str, target: str) -> None:
        os.unlink(source)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)


@pytest.mark.usefixtures("vanishing")
def test_a_source_moved_by_another_process_is_not_found(driver: FilesystemDriver) -> None:
    driver.put("a/k", b"", mode=WriteMode.CREATE)
    with raised(NotFound, "move", "a/k"):
        driver.move("a/k", "b/k")


@pytest.mark.usefixtures("vanishing")
def test_data_moved_by_another_process_is_an_unknown_upload(driver: FilesystemDriver) -> None:
    state = driver.upload_start("a/k")
    with raised(UploadUnknown, "upload_commit", "a/k"):
        driver.upload_commit(state, target="b/k")


def test_an_invalid_token_names_the_operation(driver: FilesystemDriver) -> None:
    state = UploadState("a/k", 0, "no token")
    calls: list[tuple[str, Callable[[], object]]] = [
        ("upload_append", lambda: driver.upload_append(state, [b""])),
        ("upload_commit", lambda: driver.upload_commit(state)),
    ]
    for operation, call in calls:
        with raised(UploadUnknown, operation, "a/k"):
            call()


def test_lost_bytes_and_overtaken_states_name_the_operation(driver: FilesystemDriver, tmp_path: Path) -> None:
    start = driver.upload_start("a/k")
    overtaken = driver.upload_append(start, [b"one"])
    state = driver.upload_append(start, [b"other"])
    with raised(UploadConflict, "upload_append", "a/k", "earlier state"):
        driver.upload_append(overtaken, [b""])
    with raised(UploadConflict, "upload_commit", "a/k", "earlier state"):
        driver.upload_commit(overtaken)
    (data,) = (tmp_path / "root/.entrepot/uploads").glob("*.data")
    os.truncate(data, 3)
    with raised(UploadUnknown, "upload_append", "a/k"):
        driver.upload_append(state, [b""])
    with raised(UploadUnknown, "upload_commit", "a/k"):
        driver.upload_commit(state)


def test_a_commit_that_waited_for_an_aborted_append_creates_no_object(driver: FilesystemDriver) -> None:
    state = driver.upload_start("a/k")
    errors: list[BaseException] = []

    def commit() -> None:
        try:
            with raised(UploadUnknown, "upload_commit", "a/k"):
                driver.upload_commit(state)
        except BaseException as error:  # noqa: BLE001 - checked by the test
            errors.append(error)

    waiting = threading.Thread(target=commit)

    def body() -> Iterator[bytes]:
        waiting.start()
        waiting.join(0.1)  # until it waits for the lock
        driver.upload_abort(state)
        yield b"body"

    with raised(UploadUnknown, "upload_append", "a/k"):
        driver.upload_append(state, body())
    waiting.join()
    assert errors == []
    assert list(driver.list_objects()) == []


def test_a_commit_waits_for_an_append_that_ends_soon(driver: FilesystemDriver) -> None:
    state = driver.upload_append(driver.upload_start("a/k"), [b"first"])
    waiting = threading.Thread(target=driver.upload_commit, args=[state])

    def body() -> Iterator[bytes]:
        waiting.start()
        waiting.join(0.1)  # until it waits for the lock
        yield b"more"

    driver.upload_append(state, body())
    waiting.join()
    assert driver.stat("a/k").size == len(b"first")


def test_a_filesystem_without_locks_is_unavailable_and_keeps_no_file_open(
    driver: FilesystemDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = driver.upload_start("a/k")

    def flock(fd: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    before = len(os.listdir("/proc/self/fd"))
    with raised(Unavailable, "upload_append", "a/k", "No locks"):
        driver.upload_append(state, [b""])
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_write_that_always_fails_raises_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pwrite(fd: int, data: bytes, offset: int) -> int:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "pwrite", pwrite)
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    with raised(Unavailable, "upload_append", "a/k"):
        writing.extend(fd, 0, [b"bytes"], Reporting("upload_append", "a/k"))
    os.close(fd)
