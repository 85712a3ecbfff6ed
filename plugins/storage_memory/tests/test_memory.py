"""What the kit cannot ask of every driver."""

from __future__ import annotations

import threading

import pytest

from entrepot_contract import ConfigError, UploadUnknown
from entrepot_storage_memory import MemoryDriver


def test_there_are_no_options() -> None:
    with pytest.raises(ConfigError, match="unknown option 'rootdirectory'; there are none"):
        MemoryDriver.from_config({"rootdirectory": "/"})


def test_two_drivers_share_nothing() -> None:
    one, other = MemoryDriver.from_config({}), MemoryDriver.from_config({})
    one.put("k", b"")
    assert list(other.list_objects()) == []


def test_a_reader_keeps_what_it_began_to_read() -> None:
    driver = MemoryDriver.from_config({})
    driver.put("k", b"a" * 2**21)
    with driver.read("k") as reader:
        chunks = iter(reader)
        first = next(chunks)
        driver.put("k", b"b")
        driver.delete(["k"])
        assert first + b"".join(chunks) == b"a" * 2**21


def test_of_many_threads_that_commit_one_state_exactly_one_wins() -> None:
    driver = MemoryDriver.from_config({})
    state = driver.upload_append(driver.upload_start("k"), [b"bytes"])
    start = threading.Barrier(8)
    said: list[str] = []

    def commit() -> None:
        start.wait(20)
        try:
            driver.upload_commit(state)
        except UploadUnknown:
            said.append("unknown")
        else:
            said.append("committed")

    threads = [threading.Thread(target=commit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["committed"] + ["unknown"] * 7
