"""The fsync calls and their order: real calls, recorded as they are made.

A test cannot cut the power. It can check that the order is the one that POSIX requires: content, then name, then every
directory with a new entry.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from entrepot_contract import WriteMode
from entrepot_storage_fs import FilesystemDriver


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, str]]:
    """The relevant calls so far, each with its path relative to the root."""
    made: list[tuple[str, str]] = []
    root = str(tmp_path / "root")

    def below(path: str) -> str:
        return os.path.relpath(path, root)

    fsync, link, replace = os.fsync, os.link, os.replace

    def recorded_fsync(fd: int) -> None:
        made.append(("sync", below(os.readlink(f"/proc/self/fd/{fd}"))))
        fsync(fd)

    def recorded_name(real: Callable[[str, str], None]) -> Callable[[str, str], None]:
        def call(source: str, target: str) -> None:
            real(source, target)
            made.append(("name", below(target)))

        return call

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "link", recorded_name(link))
    monkeypatch.setattr(os, "replace", recorded_name(replace))
    return made


def put(driver: FilesystemDriver, key: str) -> None:
    driver.put(key, b"bytes")


def create(driver: FilesystemDriver, key: str) -> None:
    driver.put(key, b"bytes", mode=WriteMode.CREATE)


def upload(driver: FilesystemDriver, key: str) -> None:
    driver.upload_commit(driver.upload_append(driver.upload_start("u"), [b"bytes"]), target=key)


@pytest.mark.parametrize("write", [put, create, upload])
def test_content_is_synced_before_its_name_and_new_directories_after(
    driver: FilesystemDriver, calls: list[tuple[str, str]], write: Callable[[FilesystemDriver, str], None]
) -> None:
    write(driver, "a/b/c/k")
    new_root, (kind, staged), *rest = calls
    assert new_root == ("sync", "..")
    assert kind == "sync"
    assert staged.startswith(".entrepot/")
    assert rest[0] == ("name", "a/b/c/k")
    assert set(rest[1:]) == {("sync", "a/b/c"), ("sync", "a/b"), ("sync", "a"), ("sync", ".")}


@pytest.mark.parametrize("write", [put, create, upload])
def test_an_existing_directory_needs_no_sync_of_its_parent(
    driver: FilesystemDriver, calls: list[tuple[str, str]], write: Callable[[FilesystemDriver, str], None]
) -> None:
    driver.put("a/b/sibling", b"")
    calls.clear()
    write(driver, "a/b/k")
    assert calls[1:] == [("name", "a/b/k"), ("sync", "a/b")]


def test_a_move_syncs_the_target_directory_before_the_source_directory(
    driver: FilesystemDriver, calls: list[tuple[str, str]]
) -> None:
    driver.put("a/b/k", b"bytes")
    calls.clear()
    driver.move("a/b/k", "c/d/k")
    assert calls[0] == ("name", "c/d/k")
    assert set(calls[1:-1]) == {("sync", "c/d"), ("sync", "c"), ("sync", ".")}
    assert calls[-1] == ("sync", "a/b")


@pytest.mark.parametrize("mode", WriteMode)
def test_nothing_is_synced_for_an_object_that_need_not_be_durable(
    driver: FilesystemDriver, calls: list[tuple[str, str]], mode: WriteMode
) -> None:
    driver.put("sibling", b"")
    calls.clear()
    driver.put("a/b/k", b"bytes", mode=mode, durable=False)
    assert calls == [("name", "a/b/k")]
    driver.put("a/b/durable", b"bytes")
    assert {("sync", "a/b"), ("sync", "a"), ("sync", ".")} <= set(calls[1:]), "directories that another put created"


def test_the_parents_of_a_new_root_are_synced(calls: list[tuple[str, str]], tmp_path: Path) -> None:
    FilesystemDriver.from_config({"rootdirectory": str(tmp_path / "root/x/y")}).put("k", b"")
    assert calls[:3] == [("sync", ".."), ("sync", "."), ("sync", "x")]


@pytest.mark.parametrize("write", [put, create, upload])
def test_the_parent_of_a_directory_that_is_created_again_is_synced(
    driver: FilesystemDriver,
    calls: list[tuple[str, str]],
    write: Callable[[FilesystemDriver, str], None],
) -> None:
    # ext4 and XFS reuse the inode number of the removed directory.
    driver.put("a/b/c/sibling", b"")
    driver.put("a/b/c/d/k", b"bytes")
    driver.delete(["a/b/c/d/k"])
    calls.clear()
    write(driver, "a/b/c/d/k")
    assert calls[1:] == [("name", "a/b/c/d/k"), ("sync", "a/b/c/d"), ("sync", "a/b/c")]


@pytest.mark.parametrize("write", [put, create, upload])
def test_the_parent_of_a_directory_created_by_another_process_is_synced(
    driver: FilesystemDriver,
    calls: list[tuple[str, str]],
    write: Callable[[FilesystemDriver, str], None],
    tmp_path: Path,
) -> None:
    driver.put("a/sibling", b"")
    (tmp_path / "root/a/b/c").mkdir(parents=True)
    calls.clear()
    write(driver, "a/b/c/k")
    assert calls[1:] == [("name", "a/b/c/k"), ("sync", "a/b/c"), ("sync", "a/b"), ("sync", "a")]
    calls.clear()
    write(driver, "a/b/c/other")
    assert calls[1:] == [("name", "a/b/c/other"), ("sync", "a/b/c")]


def test_two_racing_writes_into_a_new_directory_both_sync_its_parent(
    driver: FilesystemDriver, calls: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.put("a/sibling", b"")
    calls.clear()
    mkdir = os.mkdir

    def lost(path: str) -> None:
        mkdir(path)
        mkdir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", lost)
        driver.put("a/b/k", b"")
    assert calls[1:] == [("name", "a/b/k"), ("sync", "a/b"), ("sync", "a")]


def test_a_deletion_syncs_each_changed_directory_once(driver: FilesystemDriver, calls: list[tuple[str, str]]) -> None:
    keys = ["r/m/tags/t/current/link", "r/m/tags/t/index/link", "r/m/tags/u/current/link", "r/m/data/1", "r/m/data/2"]
    for key in (*keys, "r/m/tags/kept/link", "r/m/data/kept"):
        driver.put(key, b"")
    calls.clear()
    driver.delete([*keys, "r/m/missing/x"])
    assert calls == [("sync", "r/m/tags"), ("sync", "r/m/data")]


def test_appends_are_not_synced_before_the_commit(driver: FilesystemDriver, calls: list[tuple[str, str]]) -> None:
    driver.put("k", b"")
    calls.clear()
    driver.upload_append(driver.upload_start("u"), [bytes(5 * 2**20)])
    assert calls == []
