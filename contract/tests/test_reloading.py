"""Files that are reloaded when they change."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from entrepot_contract.toolkit.reloading import FreshFiles


def _numbers(contents: Sequence[bytes]) -> int:
    return sum(int(content) for content in contents)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "one", tmp_path / "two"]
    for file in made:
        file.write_text("1")
    return made


def test_a_change_is_detected(files: list[Path]) -> None:
    fresh = FreshFiles([str(file) for file in files], _numbers, seconds=0)
    files[1].write_text("20")

    assert fresh.value() == 21
    assert not fresh.refresh()


def test_a_replacement_of_the_same_size_and_time_is_detected(files: list[Path]) -> None:
    fresh = FreshFiles([str(file) for file in files], _numbers, seconds=0)
    before = files[0].stat()
    other = files[0].with_name("other")
    other.write_text("5")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(files[0])

    assert fresh.value() == 6


def test_files_are_not_checked_for_every_value(files: list[Path]) -> None:
    fresh = FreshFiles([str(file) for file in files], _numbers, seconds=3600)
    files[0].write_text("20")

    assert fresh.value() == 2
    assert fresh.refresh()
    assert fresh.value() == 21


@pytest.mark.parametrize("broken", ["content", "gone"])
def test_a_broken_file_keeps_the_previous_value_and_is_logged_once(
    files: list[Path], broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    fresh = FreshFiles([str(file) for file in files], _numbers, seconds=0)
    if broken == "gone":
        files[0].unlink()
    else:
        files[0].write_text("nonsense")

    with caplog.at_level(logging.ERROR):
        assert [fresh.value(), fresh.value()] == [2, 2]
    assert len(caplog.records) == 1

    files[0].write_text("7")
    assert fresh.value() == 8


def test_the_constructor_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FreshFiles([str(tmp_path / "absent")], _numbers)
