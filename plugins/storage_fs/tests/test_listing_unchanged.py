"""A directory that has not changed is not read again, and one that has changed always is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from entrepot_contract import Prefix
from entrepot_storage_fs import FilesystemDriver
from entrepot_storage_fs.listing import SETTLED


@pytest.fixture
def driver(tmp_path: Path) -> FilesystemDriver:
    driver = FilesystemDriver.from_config({"rootdirectory": str(tmp_path)})
    for tag in ("a", "b", "c-1", "c"):
        driver.put(f"r/tags/{tag}/link", b"")
    return driver


def settle(path: Path) -> None:
    """Let a directory's last change lie long enough ago."""
    then = time.time_ns() - 2 * SETTLED
    os.utime(path, ns=(then, then))


def names(driver: FilesystemDriver, after: str = "") -> list[str]:
    return [item.key for item in driver.list_objects("r/tags/", start_after=after, shallow=True)]


def test_a_directory_that_has_settled_is_read_once(
    driver: FilesystemDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(tmp_path / "r/tags")
    first = names(driver)
    monkeypatch.setattr(os, "scandir", None)
    assert names(driver) == first == ["r/tags/a/", "r/tags/b/", "r/tags/c-1/", "r/tags/c/"]
    assert names(driver, "r/tags/b/") == ["r/tags/c-1/", "r/tags/c/"]
    assert names(driver, "r/tags/b") == ["r/tags/b/", "r/tags/c-1/", "r/tags/c/"]
    assert isinstance(next(iter(driver.list_objects("r/tags/", shallow=True))), Prefix)


def test_a_directory_that_changed_just_now_is_read_every_time(driver: FilesystemDriver, tmp_path: Path) -> None:
    names(driver)
    before = (tmp_path / "r/tags").stat().st_mtime_ns
    (tmp_path / "r/tags/new").mkdir()
    (tmp_path / "r/tags/new/link").touch()
    # As if the clock of the filesystem had not ticked between the listing and the change.
    os.utime(tmp_path / "r/tags", ns=(before, before))
    assert "r/tags/new/" in names(driver)


def test_what_another_process_adds_or_removes_shows_at_once(driver: FilesystemDriver, tmp_path: Path) -> None:
    settle(tmp_path / "r/tags")
    names(driver)
    other = FilesystemDriver.from_config({"rootdirectory": str(tmp_path)})
    other.put("r/tags/d/link", b"")
    assert names(driver) == ["r/tags/a/", "r/tags/b/", "r/tags/c-1/", "r/tags/c/", "r/tags/d/"]
    settle(tmp_path / "r/tags")
    names(driver)
    other.delete(["r/tags/a/link", "r/tags/d/link"])
    assert names(driver) == ["r/tags/b/", "r/tags/c-1/", "r/tags/c/"]


def test_a_directory_that_was_removed_lists_nothing(driver: FilesystemDriver, tmp_path: Path) -> None:
    settle(tmp_path / "r/tags")
    names(driver)
    driver.delete(f"r/tags/{tag}/link" for tag in ("a", "b", "c-1", "c"))
    assert names(driver) == []


def test_an_object_in_a_directory_that_was_empty_shows_at_once(driver: FilesystemDriver, tmp_path: Path) -> None:
    (tmp_path / "r/tags/d").mkdir()
    settle(tmp_path / "r/tags")
    assert "r/tags/d/" not in names(driver)
    driver.put("r/tags/d/link", b"")
    assert "r/tags/d/" in names(driver)


def test_a_kept_directory_that_lost_its_last_object_is_gone_at_once(driver: FilesystemDriver, tmp_path: Path) -> None:
    settle(tmp_path / "r")
    assert list(driver.list_objects("r/", shallow=True)) == [Prefix("r/tags/")]
    driver.delete(f"r/tags/{tag}/link" for tag in ("a", "b", "c-1", "c"))
    assert (tmp_path / "r/tags").exists()
    assert list(driver.list_objects("r/", shallow=True)) == []
