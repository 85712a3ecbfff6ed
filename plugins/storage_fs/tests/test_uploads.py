"""Uploads: several processes, conflicting appends and kills."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from entrepot_contract import UploadConflict, UploadState, UploadUnknown
from entrepot_storage_fs import FilesystemDriver, uploads


def content(driver: FilesystemDriver, key: str) -> bytes:
    with driver.read(key) as reader:
        return b"".join(reader)


def working_files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "root/.entrepot").rglob("*") if path.is_file())


def test_an_overtaken_state_is_refused_even_with_a_line_of_equal_length(driver: FilesystemDriver) -> None:
    start = driver.upload_start("k")
    dropped = driver.upload_append(driver.upload_append(start, [b"aa"]), [b"bb"])
    kept = driver.upload_append(driver.upload_append(start, [b"cc"]), [b"dd"])
    calls: list[Callable[[], object]] = [
        lambda: driver.upload_append(dropped, [b""]),
        lambda: driver.upload_commit(dropped),
    ]
    for call in calls:
        with pytest.raises(UploadConflict):
            call()
    assert driver.upload_commit(kept).size == 4
    assert content(driver, "k") == b"ccdd"


def test_an_older_state_can_be_committed_without_later_bytes(driver: FilesystemDriver) -> None:
    first = driver.upload_append(driver.upload_start("k"), [b"first"])
    driver.upload_append(first, [b" and more"])
    driver.upload_commit(first)
    assert content(driver, "k") == b"first"


def test_an_incomplete_last_line_of_the_log_is_ignored(driver: FilesystemDriver, tmp_path: Path) -> None:
    state = driver.upload_append(driver.upload_start("k"), [b"first"])
    (log,) = (tmp_path / "root/.entrepot/uploads").glob("*.log")
    with log.open("ab") as file:
        file.write(b"12 ab")
    with log.with_suffix(".data").open("ab") as file:
        file.write(b"half an app")
    driver.upload_commit(driver.upload_append(state, [b" second"]))
    assert content(driver, "k") == b"first second"


def test_an_append_while_another_is_running_is_a_conflict(driver: FilesystemDriver) -> None:
    state = driver.upload_start("k")
    within, go = threading.Event(), threading.Event()
    results: list[UploadState] = []

    def slow() -> Iterator[bytes]:
        yield b"slow "
        within.set()
        assert go.wait(20)
        yield b"body"

    thread = threading.Thread(target=lambda: results.append(driver.upload_append(state, slow())))
    thread.start()
    assert within.wait(20)
    with pytest.raises(UploadConflict, match="is running"):
        driver.upload_append(state, [b"other"])
    go.set()
    thread.join()
    driver.upload_commit(results[0])
    assert content(driver, "k") == b"slow body"


def test_a_commit_does_not_wait_forever_for_an_append(
    driver: FilesystemDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PATIENCE", 0.05)
    state = driver.upload_start("k")

    def body() -> Iterator[bytes]:
        with pytest.raises(UploadConflict, match="is running"):
            driver.upload_commit(state)
        yield b"body"

    driver.upload_commit(driver.upload_append(state, body()))
    assert content(driver, "k") == b"body"


@pytest.mark.parametrize("breaks", [False, True])
def test_an_append_that_was_aborted_meanwhile_leaves_no_file(
    driver: FilesystemDriver, tmp_path: Path, breaks: bool
) -> None:
    state = driver.upload_start("k")

    def body() -> Iterator[bytes]:
        driver.upload_abort(state)
        yield b"body"
        if breaks:
            raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError if breaks else UploadUnknown):
        driver.upload_append(state, body())
    assert working_files(tmp_path) == []
    driver.upload_abort(state)


def test_an_upload_with_lost_bytes_is_unknown(driver: FilesystemDriver, tmp_path: Path) -> None:
    state = driver.upload_append(driver.upload_start("k"), [b"bytes"])
    (data,) = (tmp_path / "root/.entrepot/uploads").glob("*.data")
    os.truncate(data, 3)
    calls: list[Callable[[], object]] = [
        lambda: driver.upload_append(state, [b""]),
        lambda: driver.upload_commit(state),
    ]
    for call in calls:
        with pytest.raises(UploadUnknown):
            call()


def test_a_foreign_token_is_an_unknown_upload(driver: FilesystemDriver) -> None:
    for token in ("", "{}", "[1]", '["0123", 0, ""]'):
        with pytest.raises(UploadUnknown):
            driver.upload_append(UploadState("k", 0, token), [b""])


COMMIT = """
import sys
from entrepot_contract import UploadState, UploadUnknown
from entrepot_storage_fs import FilesystemDriver
driver = FilesystemDriver.from_config({"rootdirectory": sys.argv[1]})
state = UploadState("k", int(sys.argv[2]), sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
try:
    driver.upload_commit(state)
    print("committed")
except UploadUnknown:
    print("unknown")
"""


def test_exactly_one_of_two_processes_can_commit_a_state(driver: FilesystemDriver, tmp_path: Path) -> None:
    for round_ in range(3):
        data = os.urandom(3 * 2**20)
        state = driver.upload_append(driver.upload_start("k"), [data])
        command = [sys.executable, "-c", COMMIT, str(tmp_path / "root"), str(state.size), state.token]
        with (
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as two,
        ):
            for child in (one, two):
                assert child.stdout is not None
                assert child.stdout.readline() == "ready\n"
            for child in (one, two):
                assert child.stdin is not None
                child.stdin.write("\n")
                child.stdin.flush()
            results = sorted(child.communicate(timeout=30)[0].strip() for child in (one, two))
        assert results == ["committed", "unknown"], round_
        assert content(driver, "k") == data
        assert working_files(tmp_path) == []
