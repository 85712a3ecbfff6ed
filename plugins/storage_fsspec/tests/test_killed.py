"""A process that is killed during a commit leaves no object or a complete one."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from entrepot_contract import NotFound, StorageError, UploadState, UploadUnknown
from entrepot_storage_fsspec import FsspecDriver

COMMIT = """
import os, signal, sys
from fsspec.implementations.local import LocalFileSystem
from entrepot_contract import UploadState
from entrepot_storage_fsspec import FsspecDriver

root, step, token = sys.argv[1:]
kill = lambda *arguments, **options: os.kill(os.getpid(), signal.SIGKILL)
setattr(os if step == "replace" else LocalFileSystem, step, kill)
driver = FsspecDriver.from_config({"protocol": "local", "rootdirectory": root})
driver.upload_commit(UploadState("a/k", 10, token))
"""


@pytest.mark.parametrize(
    ("step", "outcome"),
    [("cat_file", "again"), ("replace", "unknown"), ("rm", "whole")],
)
def test_a_killed_commit_leaves_no_object_or_a_complete_one(step: str, outcome: str, tmp_path: Path) -> None:
    driver = FsspecDriver.from_config({"protocol": "local", "rootdirectory": str(tmp_path)})
    state = driver.upload_append(driver.upload_append(driver.upload_start("a/k"), [b"first"]), [b" half"])
    state = UploadState(state.key, state.size, state.token)
    done = subprocess.run([sys.executable, "-c", COMMIT, str(tmp_path), step, state.token], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    keys = [item.key for item in driver.list_objects()]
    if outcome == "whole":
        assert keys == ["a/k"]
        with driver.read("a/k") as reader:
            assert b"".join(reader) == b"first half"
    else:
        assert keys == []
        with pytest.raises(NotFound):
            driver.stat("a/k")
    if outcome == "again":
        assert driver.upload_commit(state).size == 10
        return
    with pytest.raises(UploadUnknown):
        driver.upload_commit(state)
    driver.upload_abort(state)
    with pytest.raises(StorageError):
        driver.upload_append(state, [b"more"])
