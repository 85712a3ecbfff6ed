"""A cached small file is read again after any change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from entrepot_contract import NotFound, Reader
from entrepot_storage_fs import FilesystemDriver, reading, remembered

Mount = Callable[..., Path]

OLD, NEW = b"sha256:" + b"a" * 64, b"sha256:" + b"b" * 64


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Shorter than the default, but still longer than the resolution of a filesystem's clock.
    monkeypatch.setattr(remembered, "SETTLED", 50_000_000)
    return tmp_path


def settled(root: Path, data: bytes = OLD) -> FilesystemDriver:
    """Return a driver that has read ``a/link`` twice, long enough after the write that it is cached."""
    driver = FilesystemDriver.from_config({"rootdirectory": str(root)})
    driver.put("a/link", data)
    time.sleep(0.1)
    assert content(driver) == content(driver) == data
    return driver


def content(driver: FilesystemDriver) -> bytes:
    with driver.read("a/link") as reader:
        assert reader.info == driver.stat("a/link")
        return b"".join(reader)


def opens(driver: FilesystemDriver, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Return whether a read opens the file."""
    opened: list[str] = []

    def open_and_note(path: str, key: str, offset: int, length: int | None) -> Reader:
        opened.append(path)
        return reading.open_reader(path, key, offset, length)

    with monkeypatch.context() as patch:
        patch.setattr(remembered, "open_reader", open_and_note)
        content(driver)
    return bool(opened)


def overwrite(path: Path) -> None:
    """Overwrite a file in place with the same number of other bytes, and restore its times as far as possible."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(NEW)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(NEW)
    shutil.copystat(path, other)
    other.replace(path)


def in_another_process(path: Path) -> None:
    code = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.argv[2].encode())"
    subprocess.run([sys.executable, "-c", code, str(path), NEW.decode()], check=True)


@pytest.mark.parametrize("change", [overwrite, replace, in_another_process])
def test_a_change_is_detected_at_once(root: Path, change: Callable[[Path], None]) -> None:
    driver = settled(root)
    change(root / "a" / "link")
    assert content(driver) == NEW


def test_a_put_is_visible_at_once_in_every_driver(root: Path) -> None:
    driver = settled(root)
    FilesystemDriver.from_config({"rootdirectory": str(root)}).put("a/link", NEW)
    assert content(driver) == NEW


def test_a_deletion_is_visible_at_once_in_every_driver(root: Path) -> None:
    driver = settled(root)
    FilesystemDriver.from_config({"rootdirectory": str(root)}).delete(["a/link"])
    with pytest.raises(NotFound):
        driver.read("a/link")


def test_a_truncated_file_is_detected_at_once(root: Path) -> None:
    driver = settled(root)
    os.truncate(root / "a" / "link", 10)
    assert content(driver) == OLD[:10]


def test_only_small_files_on_a_block_device_are_cached(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_block_device = bool(os.major(root.stat().st_dev))
    assert opens(settled(root), monkeypatch) is not on_block_device
    assert opens(settled(root, bytes(remembered.LARGEST)), monkeypatch) is not on_block_device
    assert opens(settled(root, bytes(remembered.LARGEST + 1)), monkeypatch)


def test_a_recently_changed_file_is_not_cached(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "SETTLED", 60_000_000_000)
    assert opens(settled(root), monkeypatch)


def test_a_file_that_is_not_on_a_block_device_is_not_cached(
    root: Path, mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opens(settled(mount("tmpfs")), monkeypatch)


def test_the_cache_of_files_is_bounded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "BUDGET", 4 * (remembered.OVERHEAD + len(OLD)))
    driver = FilesystemDriver.from_config({"rootdirectory": str(root)})
    for number in range(10):
        driver.put(f"a/{number}", OLD)
    time.sleep(0.1)
    for number in range(10):
        with driver.read(f"a/{number}") as reader:
            assert b"".join(reader) == OLD
    if not os.major(root.stat().st_dev):
        return  # nothing is cached there
    assert len(driver._small._files) == 4


def test_evicted_files_free_memory(root: Path) -> None:
    driver = settled(root)
    for _ in range(3):
        overwrite(root / "a" / "link")
        assert content(driver) == NEW
    time.sleep(0.1)
    assert content(driver) == NEW
    on_block_device = bool(os.major(root.stat().st_dev))
    assert driver._small._files.weight == (remembered.OVERHEAD + len(NEW) if on_block_device else 0)
