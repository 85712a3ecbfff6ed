"""Old working files are swept, and nothing else."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from entrepot_contract import UploadUnknown
from entrepot_storage_fs import FilesystemDriver, working


def age(path: Path, by: timedelta) -> None:
    then = time.time() - by.total_seconds()
    os.utime(path, (then, then))


def test_a_staged_file_is_swept_a_day_later(driver: FilesystemDriver, tmp_path: Path) -> None:
    driver.put("k", b"")
    left, fresh = (tmp_path / "root/.entrepot/staged" / name for name in ("left", "fresh"))
    for path, hours in ((left, 25), (fresh, 23)):
        path.touch()
        age(path, timedelta(hours=hours))
    FilesystemDriver.from_config({"rootdirectory": str(tmp_path / "root")}).put("other", b"")
    assert not left.exists()
    assert fresh.exists()


def test_an_idle_upload_is_swept_after_its_ttl_and_logged(
    driver: FilesystemDriver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    idle = driver.upload_append(driver.upload_start("idle"), [b"bytes"])
    for path in (tmp_path / "root/.entrepot/uploads").iterdir():
        age(path, driver.capabilities.upload_ttl or timedelta(0))
    alive = driver.upload_append(driver.upload_start("alive"), [b"bytes"])
    again = FilesystemDriver.from_config({"rootdirectory": str(tmp_path / "root")})
    again.upload_start("any")
    with pytest.raises(UploadUnknown):
        again.upload_append(idle, [b""])
    assert again.upload_commit(alive).size == 5
    assert "files=2 bytes=" in caplog.text
    assert "left=2" in caplog.text


def test_a_long_running_process_sweeps_once_a_day(
    driver: FilesystemDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "SWEEP", timedelta(milliseconds=20))
    driver.put("k", b"")
    left = tmp_path / "root/.entrepot/staged/left"
    left.touch()
    age(left, timedelta(days=2))
    time.sleep(0.03)
    driver.put("k", b"")
    assert not left.exists()


def test_a_concurrent_sweep_by_another_process_does_not_fail_a_put(driver: FilesystemDriver, tmp_path: Path) -> None:
    (tmp_path / "root/.entrepot/staged").mkdir(parents=True)
    (tmp_path / "root/.entrepot/staged/gone").symlink_to(tmp_path / "nothing")
    assert driver.put("k", b"bytes").size == 5


def test_a_removed_working_directory_is_created_again(driver: FilesystemDriver, tmp_path: Path) -> None:
    driver.put("k", b"")
    for name in ("staged", "uploads"):
        (tmp_path / "root/.entrepot" / name).rmdir()
    driver.put("k", b"again")
    assert driver.upload_commit(driver.upload_start("u")).size == 0
