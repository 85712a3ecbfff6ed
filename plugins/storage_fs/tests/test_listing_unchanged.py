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
        driver.put(f"tags/{tag}/link", b"")
    return driver


def settle(path: Path) -> None:
    """Let a directory's last change lie long enough ago."""
    then = time.time_ns() - 2 * SETTLED
    os.utime(path, ns=(then, then))


def names(driver: FilesystemDriver, after: str = "") -> list[str]:
    return [item.key for item in driver.list_objects("tags/", start_after=after, shallow=True)]


def test_a_directory_that_has_settled_is_read_once(
    driver: FilesystemDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(tmp_path / "tags")
    first = names(driver)
    monkeypatch.setattr(os, "scandir", None)
    assert names(driver) == first == ["tags/a/", "tags/b/", "tags/c-1/", "tags/c/"]
    assert names(driver, "tags/b/") == ["tags/c-1/", "tags/c/"]
    assert names(driver, "tags/b") == ["tags/b/", "tags/c-1/", "tags/c/"]
    assert isinstance(next(iter(driver.list_objects("tags/", shallow=True))), Prefix)


def test_a_directory_that_changed_just_now_is_read_every_time(driver: FilesystemDriver, tmp_path: Path) -> None:
    names(driver)
    (tmp_path / "tags/new").mkdir()
    (tmp_path / "tags/new/link").touch()
    # As if the clock of the filesystem had not ticked between the listing and the change.
    settle(tmp_path / "tags")
    assert "tags/new/" in names(driver)


def test_what_another_process_adds_or_removes_shows_at_once(driver: FilesystemDriver, tmp_path: Path) -> None:
    settle(tmp_path / "tags")
    names(driver)
    other = FilesystemDriver.from_config({"rootdirectory": str(tmp_path)})
    other.put("tags/d/link", b"")
    assert names(driver) == ["tags/a/", "tags/b/", "tags/c-1/", "tags/c/", "tags/d/"]
    settle(tmp_path / "tags")
    names(driver)
    other.delete(["tags/a/link", "tags/d/link"])
    assert names(driver) == ["tags/b/", "tags/c-1/", "tags/c/"]


def test_a_directory_that_was_removed_lists_nothing(driver: FilesystemDriver, tmp_path: Path) -> None:
    settle(tmp_path / "tags")
    names(driver)
    driver.delete(f"tags/{tag}/link" for tag in ("a", "b", "c-1", "c"))
    assert names(driver) == []
