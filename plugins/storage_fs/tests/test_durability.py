"""What is synced, and in which order: the calls are the real ones, written down as they are made.

Power cannot be cut in a test. What can be seen is that the order is the one that POSIX asks for: content, then name,
then every directory that got a new entry.
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
    """The calls so far that matter, with the path below the root that each was for."""
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
    (kind, staged), *rest = calls
    assert kind == "sync"
    assert staged.startswith(".entrepot/")
    assert rest[0] == ("name", "a/b/c/k")
    assert set(rest[1:]) == {("sync", "a/b/c"), ("sync", "a/b"), ("sync", "a"), ("sync", ".")}


@pytest.mark.parametrize("write", [put, create, upload])
def test_a_directory_that_was_there_costs_no_sync_above_it(
    driver: FilesystemDriver, calls: list[tuple[str, str]], write: Callable[[FilesystemDriver, str], None]
) -> None:
    driver.put("a/b/neighbour", b"")
    calls.clear()
    write(driver, "a/b/k")
    assert calls[1:] == [("name", "a/b/k"), ("sync", "a/b")]


def test_a_move_syncs_where_it_went_before_where_it_came_from(
    driver: FilesystemDriver, calls: list[tuple[str, str]]
) -> None:
    driver.put("a/b/k", b"bytes")
    calls.clear()
    driver.move("a/b/k", "c/d/k")
    assert calls[0] == ("name", "c/d/k")
    assert set(calls[1:-1]) == {("sync", "c/d"), ("sync", "c"), ("sync", ".")}
    assert calls[-1] == ("sync", "a/b")


def test_appended_bytes_cost_no_sync_before_their_commit(
    driver: FilesystemDriver, calls: list[tuple[str, str]]
) -> None:
    driver.upload_append(driver.upload_start("u"), [bytes(5 * 2**20)])
    assert calls == []
