"""An unchanged directory is not read again, and a changed one always is."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from entrepot_contract import Prefix
from entrepot_storage_fs import FilesystemDriver, filled, listing
from entrepot_storage_fs.listing import LARGE, SETTLED


@pytest.fixture
def driver(tmp_path: Path) -> FilesystemDriver:
    driver = FilesystemDriver.from_config({"rootdirectory": str(tmp_path)})
    for tag in ("a", "b", "c-1", "c"):
        driver.put(f"x/r/tags/{tag}/link", b"")
    return driver


def settle(path: Path) -> None:
    """Set a directory's mtime far enough into the past."""
    then = time.time_ns() - 2 * SETTLED
    os.utime(path, ns=(then, then))


def names(driver: FilesystemDriver, after: str = "") -> list[str]:
    return [item.key for item in driver.list_objects("x/r/tags/", start_after=after, shallow=True)]


def test_a_directory_that_has_settled_is_read_once(
    driver: FilesystemDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(tmp_path / "x/r/tags")
    first = names(driver)
    monkeypatch.setattr(os, "scandir", None)
    assert names(driver) == first == ["x/r/tags/a/", "x/r/tags/b/", "x/r/tags/c-1/", "x/r/tags/c/"]
    assert names(driver, "x/r/tags/b/") == ["x/r/tags/c-1/", "x/r/tags/c/"]
    assert names(driver, "x/r/tags/b") == ["x/r/tags/b/", "x/r/tags/c-1/", "x/r/tags/c/"]
    assert isinstance(next(iter(driver.list_objects("x/r/tags/", shallow=True))), Prefix)


def test_a_directory_that_changed_just_now_is_read_every_time(driver: FilesystemDriver, tmp_path: Path) -> None:
    names(driver)
    before = (tmp_path / "x/r/tags").stat().st_mtime_ns
    (tmp_path / "x/r/tags/new").mkdir()
    (tmp_path / "x/r/tags/new/link").touch()
    # As if the filesystem's clock had not advanced between the listing and the change.
    os.utime(tmp_path / "x/r/tags", ns=(before, before))
    assert "x/r/tags/new/" in names(driver)


def test_changes_by_another_process_are_listed_at_once(driver: FilesystemDriver, tmp_path: Path) -> None:
    settle(tmp_path / "x/r/tags")
    names(driver)
    other = FilesystemDriver.from_config({"rootdirectory": str(tmp_path)})
    other.put("x/r/tags/d/link", b"")
    assert names(driver) == ["x/r/tags/a/", "x/r/tags/b/", "x/r/tags/c-1/", "x/r/tags/c/", "x/r/tags/d/"]
    settle(tmp_path / "x/r/tags")
    names(driver)
    other.delete(["x/r/tags/a/link", "x/r/tags/d/link"])
    assert names(driver) == ["x/r/tags/b/", "x/r/tags/c-1/", "x/r/tags/c/"]


def test_a_directory_that_was_removed_lists_nothing(driver: FilesystemDriver, tmp_path: Path) -> None:
    settle(tmp_path / "x/r/tags")
    names(driver)
    driver.delete(f"x/r/tags/{tag}/link" for tag in ("a", "b", "c-1", "c"))
    assert names(driver) == []


def test_an_object_in_an_empty_directory_is_listed_at_once(driver: FilesystemDriver, tmp_path: Path) -> None:
    (tmp_path / "x/r/tags/d").mkdir()
    settle(tmp_path / "x/r/tags")
    assert "x/r/tags/d/" not in names(driver)
    driver.put("x/r/tags/d/link", b"")
    assert "x/r/tags/d/" in names(driver)


def test_a_kept_directory_without_objects_is_not_listed(driver: FilesystemDriver, tmp_path: Path) -> None:
    settle(tmp_path / "x/r")
    assert list(driver.list_objects("x/r/", shallow=True)) == [Prefix("x/r/tags/")]
    driver.delete(f"x/r/tags/{tag}/link" for tag in ("a", "b", "c-1", "c"))
    assert (tmp_path / "x/r/tags").exists()
    assert list(driver.list_objects("x/r/", shallow=True)) == []


MANY = 4 * LARGE


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts how often each directory is read."""
    read: Counter[str] = Counter()
    real = os.scandir

    def scandir(path: str) -> Iterator[os.DirEntry[str]]:
        read[path.rstrip("/")] += 1
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return read


def many_tags(root: Path) -> list[str]:
    """Tags in the layout of this driver and of Distribution; ``1-alpine/`` is listed before ``1/``."""
    tags = sorted(f"{number}{end}" for number in range(MANY // 2) for end in ("/", "-alpine/"))
    for tag in tags:
        digest = tag.encode().hex().ljust(64, "0")
        for link in ("current", f"index/sha256/{digest}"):
            (root / f"r/t/tags/{tag}{link}").mkdir(parents=True)
            (root / f"r/t/tags/{tag}{link}/link").touch()
    settle(root / "r/t/tags")
    return [f"r/t/tags/{tag}" for tag in tags]


def pages(driver: FilesystemDriver, prefix: str, size: int) -> list[str]:
    """Return all names, using for each page a new listing that is not read to its end."""
    found: list[str] = []
    while page := list(islice(driver.list_objects(prefix, start_after=found[-1] if found else "", shallow=True), size)):
        found += [item.key for item in page]
    return found


def test_all_pages_of_a_large_directory_read_it_once_and_few_subdirectories(
    driver: FilesystemDriver, tmp_path: Path, scans: Counter[str]
) -> None:
    expected = many_tags(tmp_path)
    assert pages(driver, "r/t/tags/", 10) == expected
    assert scans[f"{tmp_path}/r/t/tags"] == 1
    assert scans.total() < 10


def test_directories_of_different_structure_are_listed_if_they_contain_a_file(
    driver: FilesystemDriver, tmp_path: Path
) -> None:
    filled = ["a/link", "b/current/link", "c/index/sha256/x/link", "d/index/sha256/y/link", "e/index/sha256/z/link"]
    for path in (*filled, "f/-no-key/link", "g/current/.hidden", "h/index/sha256/.hidden/link"):
        (tmp_path / "r/t/tags" / path).parent.mkdir(parents=True)
        (tmp_path / "r/t/tags" / path).touch()
    (tmp_path / "r/t/tags/i/current/link/deep").mkdir(parents=True)
    assert pages(driver, "r/t/tags/", 1) == [f"r/t/tags/{name}/" for name in "abcde"]


def test_the_cache_of_directories_is_bounded(
    tmp_path: Path, scans: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "BUDGET", 1000)
    expected = many_tags(tmp_path)
    driver = FilesystemDriver.from_config({"rootdirectory": str(tmp_path)})
    assert pages(driver, "r/t/tags/", MANY) == expected
    assert pages(driver, "r/t/tags/", MANY) == expected
    assert scans[f"{tmp_path}/r/t/tags"] > 2
    assert driver._listing._directories.weight == 0


def write(root: Path, keys: list[str]) -> None:
    """Write empty objects without fsync."""
    for key in keys:
        (root / key).parent.mkdir(parents=True)
        (root / key).touch()


def test_an_object_found_below_a_directory_is_not_searched_again(
    driver: FilesystemDriver, tmp_path: Path, scans: Counter[str]
) -> None:
    many = [f"q/r/s/t/{number:03}/" for number in range(20)]
    write(tmp_path, [f"{directory}u/v/{directory.encode().hex()}/link" for directory in many])
    listed = [item.key for item in driver.list_objects("q/r/s/t/", shallow=True)]
    assert listed == many
    scans.clear()
    for directory in many[3:]:
        assert list(driver.list_objects(directory, shallow=True)) == [Prefix(f"{directory}u/")]
    assert scans.total() == len(many[3:])


def test_an_object_found_below_a_directory_and_deleted_is_not_listed(driver: FilesystemDriver, tmp_path: Path) -> None:
    keys = [f"q/r/s/t/{one}/u/v/{one}/link" for one in "abcd"]
    write(tmp_path, keys)
    assert len(list(driver.list_objects("q/r/s/t/", shallow=True))) == len(keys)
    (tmp_path / keys[3]).unlink()
    assert list(driver.list_objects("q/r/s/t/d/", shallow=True)) == []
    assert len(list(driver.list_objects("q/r/s/t/", shallow=True))) == len(keys)


def test_the_cache_of_found_objects_is_bounded(
    driver: FilesystemDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filled, "NEXT", 10)
    write(tmp_path, [f"q/r/s/t/{number:03}/u/v/{number}/link" for number in range(50)])
    assert len(list(driver.list_objects("q/r/s/t/", shallow=True))) == 50
    assert len(driver._listing._filled._next) == 10
