"""Behaviour of the memory driver beyond the contract."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from entrepot_contract import ConfigError, StorageError, UploadConflict, UploadUnknown, WriteMode
from entrepot_storage_memory import MemoryDriver
from entrepot_storage_memory.objects import PAGE

CREATE, OVERWRITE = WriteMode.CREATE, WriteMode.OVERWRITE


def test_there_are_no_options() -> None:
    with pytest.raises(ConfigError, match="unknown option 'rootdirectory'; there are none"):
        MemoryDriver.from_config({"rootdirectory": "/"})


def test_two_drivers_share_nothing() -> None:
    one, other = MemoryDriver.from_config({}), MemoryDriver.from_config({})
    one.put("k", b"")
    assert list(other.list_objects()) == []


def test_a_reader_keeps_its_version_of_the_object() -> None:
    driver = MemoryDriver.from_config({})
    driver.put("k", b"a" * 2**21)
    with driver.read("k") as reader:
        chunks = iter(reader)
        first = next(chunks)
        driver.put("k", b"b")
        driver.delete(["k"])
        assert first + b"".join(chunks) == b"a" * 2**21


def test_a_closed_reader_yields_nothing() -> None:
    driver = MemoryDriver.from_config({})
    driver.put("k", b"bytes")
    reader = driver.read("k")
    reader.close()
    assert list(reader) == []


def test_every_write_gets_a_unique_etag() -> None:
    driver = MemoryDriver.from_config({})
    infos = [driver.put(key, b"", mode=mode) for key, mode in (("a", OVERWRITE), ("b", CREATE), ("c", CREATE))]
    infos += [driver.upload_commit(driver.upload_start("d")), driver.put("a", b"")]
    etags = {info.etag for info in infos}
    assert len(etags) == len(infos)
    assert None not in etags
    assert infos[1:] == [driver.stat(key) for key in "bcda"]


@pytest.mark.parametrize("count", [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
def test_a_list_may_end_with_a_page(count: int) -> None:
    driver = MemoryDriver.from_config({})
    keys = [f"{number:04}" for number in range(count)]
    for key in keys:
        driver.put(key, b"")
    assert [item.key for item in driver.list_objects()] == keys


@pytest.mark.parametrize("error", [UploadUnknown, UploadConflict])
def test_an_append_that_was_overtaken_while_running_names_the_operation(error: type[StorageError]) -> None:
    driver = MemoryDriver.from_config({})
    state = driver.upload_append(driver.upload_start("k"), [b"first"])
    older = driver.upload_start("k")
    overtaken = driver.upload_append(older, [b"other"])

    def body() -> Iterator[bytes]:
        yield b"bytes"
        if error is UploadUnknown:
            driver.upload_abort(state)
        else:
            driver.upload_append(older, [b"another"])

    with pytest.raises(error) as caught:
        driver.upload_append(state if error is UploadUnknown else overtaken, body())
    assert (caught.value.operation, caught.value.key) == ("upload_append", "k")


def test_exactly_one_of_many_threads_can_commit_a_state() -> None:
    driver = MemoryDriver.from_config({})
    state = driver.upload_append(driver.upload_start("k"), [b"bytes"])
    start = threading.Barrier(8)
    results: list[str] = []

    def commit() -> None:
        start.wait(20)
        try:
            driver.upload_commit(state)
        except UploadUnknown:
            results.append("unknown")
        else:
            results.append("committed")

    threads = [threading.Thread(target=commit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["committed"] + ["unknown"] * 7
