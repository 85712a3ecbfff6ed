"""Blobs are served from verified copies, and a failing fast driver never causes wrong data."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path

import pytest

from entrepot_contract import IntegrityError, NotFound, ObjectInfo, StorageDriver, UploadState
from entrepot_contract.testing.storage.content import body
from entrepot_storage_layers import CacheDriver

MIB = 2**20
MEMORY: Mapping[str, object] = {"inmemory": {}}


def blob(data: bytes, algorithm: str = "sha256") -> str:
    digest = hashlib.new(algorithm, data).hexdigest()
    return f"docker/registry/v2/blobs/{algorithm}/{digest[:2]}/{digest}/data"


def cache(
    *, size: int = 64 * MIB, fast: Mapping[str, object] = MEMORY, slow: Mapping[str, object] = MEMORY
) -> CacheDriver:
    return CacheDriver.from_config({"fast": fast, "slow": slow, "size": size})


def faulty(faults: Mapping[str, object]) -> Mapping[str, object]:
    return {"chaos": {"inner": MEMORY, "faults": faults}}


def read(driver: StorageDriver, key: str, offset: int = 0, length: int | None = None) -> bytes:
    with driver.read(key, offset=offset, length=length) as reader:
        return b"".join(reader)


def filled(driver: CacheDriver, *contents: bytes) -> list[str]:
    """Write blobs and read them once; return their keys."""
    keys = [blob(data) for data in contents]
    for key, data in zip(keys, contents, strict=True):
        driver.put(key, data)
        assert read(driver, key) == data
    return keys


def copies(driver: CacheDriver) -> dict[str, int]:
    return {item.key: item.size for item in driver._fast.list_objects() if isinstance(item, ObjectInfo)}


@pytest.mark.parametrize("size", [0, 1, 1000, MIB, 9 * MIB + 5])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_blob_is_read_from_the_slow_driver_once(size: int, algorithm: str) -> None:
    driver, data = cache(slow=faulty({"read": [{}, {"error": "denied"}, {"error": "denied"}]})), body(size)
    key = blob(data, algorithm)
    driver.put(key, data)
    assert read(driver, key) == data
    assert read(driver, key) == data
    assert read(driver, key, size // 3, 700_000) == data[size // 3 :][:700_000]
    assert copies(driver) == {key: size}


@pytest.mark.parametrize("key", ["docker/registry/v2/repositories/a/_manifests/tags/v1/current/link", "k"])
def test_keys_without_a_digest_are_always_read_from_the_slow_driver(key: str) -> None:
    driver = cache()
    driver.put(key, b"old")
    assert read(driver, key) == b"old"
    driver._slow.put(key, b"new")
    assert read(driver, key) == b"new"
    driver._slow.delete([key])
    with pytest.raises(NotFound):
        driver.read(key)
    assert copies(driver) == {}


@pytest.mark.parametrize("wrong", ["zz", "ab"])
def test_a_key_in_the_wrong_folder_is_not_a_blob(wrong: str) -> None:
    driver = cache()
    key = blob(b"content").replace("/ed/", f"/{wrong}/")
    driver.put(key, b"content")
    read(driver, key)
    assert copies(driver) == {}


def test_content_that_does_not_match_the_digest_is_not_cached() -> None:
    driver = cache()
    key = blob(b"right")
    driver._slow.put(key, b"wrong")
    assert read(driver, key) == b"wrong"
    assert copies(driver) == {}


def test_a_range_or_an_unfinished_read_creates_no_copy() -> None:
    driver, data = cache(), body(9 * MIB)
    driver.put(blob(data), data)
    assert read(driver, blob(data), 5, 100) == data[5:105]
    with driver.read(blob(data)) as reader:
        chunks = iter(reader)
        for _ in range(6):
            next(chunks)
    del chunks
    assert copies(driver) == {}
    assert driver._fast._uploads == {}  # type: ignore[attr-defined]  # no unfinished upload must remain


def test_concurrent_readers_create_one_copy() -> None:
    driver, data = cache(), body(9 * MIB)
    driver.put(blob(data), data)
    with driver.read(blob(data)) as first, driver.read(blob(data)) as second:
        one, other = iter(first), iter(second)
        got = [next(one), next(other)]
        assert len(driver._fast._uploads) == 1  # type: ignore[attr-defined]  # not counted towards the limit
        assert got[0] + b"".join(one) == got[1] + b"".join(other) == data
    assert copies(driver) == {blob(data): 9 * MIB}


def test_copies_are_bounded_and_evicted_by_lru() -> None:
    driver = cache(size=10 * MIB)
    first, second, third = filled(driver, *(body(3 * MIB, seed=number) for number in range(3)))
    read(driver, first)
    (fourth,) = filled(driver, body(3 * MIB, seed=3))
    assert set(copies(driver)) == {first, third, fourth}
    assert second not in copies(driver)
    assert read(driver, second) == body(3 * MIB, seed=1)
    assert sum(copies(driver).values()) <= 10 * MIB


def test_an_object_larger_than_the_cache_evicts_nothing() -> None:
    driver = cache(size=2 * MIB)
    (small,) = filled(driver, b"small")
    filled(driver, body(2 * MIB + 1))
    assert set(copies(driver)) == {small}


def test_copies_that_fill_the_cache_exactly_are_kept() -> None:
    driver = cache(size=2 * MIB)
    keys = filled(driver, body(MIB), body(MIB, seed=1))
    assert set(copies(driver)) == set(keys)


def test_deleted_copies_leave_room_for_as_many_bytes() -> None:
    driver = cache(size=32_000)
    for number in range(70):
        (key,) = filled(driver, body(1000, seed=number))
        if number % 3 == 2:
            driver.delete([key])
        assert sum(copies(driver).values()) <= 32_000


def test_a_read_of_the_beginning_keeps_the_copy() -> None:
    driver = cache()
    data = body(1000)
    driver.put(blob(data), data)
    assert read(driver, blob(data), 0, 5) == data[:5]
    assert copies(driver) == {}
    filled(driver, data)
    assert read(driver, blob(data), 0, 5) == data[:5]
    assert copies(driver) == {blob(data): 1000}


def test_copies_of_an_earlier_process_count(tmp_path: Path) -> None:
    config = {
        "fast": {"filesystem": {"rootdirectory": str(tmp_path / "fast")}},
        "slow": {"filesystem": {"rootdirectory": str(tmp_path / "slow")}},
        "size": 5 * MIB,
    }
    keys = filled(CacheDriver.from_config(config), body(2 * MIB), body(2 * MIB, seed=1))
    later = CacheDriver.from_config(config)
    keys += filled(later, body(2 * MIB, seed=2))
    assert set(copies(later)) == set(keys[1:])


def test_two_processes_exceed_the_size_by_at_most_a_sixteenth(tmp_path: Path) -> None:
    config = {
        "fast": {"filesystem": {"rootdirectory": str(tmp_path / "fast")}},
        "slow": {"filesystem": {"rootdirectory": str(tmp_path / "slow")}},
        "size": 4 * MIB,
    }
    drivers = [CacheDriver.from_config(config) for _ in range(2)]
    for number in range(60):
        filled(drivers[number % 2], body(200_000, seed=number))
        assert sum(copies(drivers[0]).values()) <= 4 * MIB * (1 + 2 / 16) + 200_000


def test_a_delete_removes_the_copy() -> None:
    driver = cache()
    (key,) = filled(driver, b"content")
    driver.delete([key, "other"])
    assert copies(driver) == {}
    with pytest.raises(NotFound):
        driver.read(key)


@pytest.mark.parametrize("verb", ["put", "move", "move-from", "upload_commit"])
def test_a_write_or_move_removes_the_copy(verb: str) -> None:
    driver = cache()
    (key,) = filled(driver, b"content")
    driver.put("other", b"another")
    if verb == "put":
        driver.put(key, b"another")
    elif verb == "move":
        driver.move("other", key)
    elif verb == "move-from":
        driver.move(key, "target")
        with pytest.raises(NotFound):
            driver.read(key)
        return
    else:
        driver.upload_commit(driver.upload_append(driver.upload_start("u"), [b"another"]), target=key)
    assert read(driver, key) == b"another"


def test_a_copy_created_during_a_delete_is_not_kept() -> None:
    driver, data = cache(), body(3 * MIB)
    driver.put(blob(data), data)
    with driver.read(blob(data)) as reader:
        chunks = iter(reader)
        got = next(chunks)
        driver.delete([blob(data)])
        got += b"".join(chunks)
    assert got == data
    assert copies(driver) == {}


EVERYTHING = ("put", "read", "stat", "list_objects", "delete", "upload_start", "upload_append", "upload_commit")


@pytest.mark.parametrize("verb", EVERYTHING)
@pytest.mark.parametrize("error", ["unavailable", "no_space", "denied"])
def test_an_error_of_the_fast_driver_fails_no_request(verb: str, error: str, caplog: pytest.LogCaptureFixture) -> None:
    driver = cache(size=5 * MIB, fast=faulty({verb: {"error": error}}))
    with caplog.at_level(logging.WARNING, "entrepot.storage.cache"):
        for number in range(4):
            data = body(2 * MIB, seed=number)
            driver.put(blob(data), data)
            for _ in range(2):
                assert read(driver, blob(data)) == data
        driver.delete([blob(data)])
        with pytest.raises(NotFound):
            driver.read(blob(data))
    if verb not in {"put", "stat"}:
        assert verb in caplog.text


def test_a_copy_that_cannot_be_aborted_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    driver = cache(fast=faulty({"upload_abort": {"error": "unavailable"}}))
    key = blob(b"right")
    driver._slow.put(key, b"wrong")
    assert read(driver, key) == b"wrong"
    assert f"operation=upload_abort key={key}" in caplog.text


@pytest.mark.parametrize("torn", [0, 1, 1_500_000, 5 * MIB - 1])
def test_the_slow_driver_continues_where_the_fast_one_fails(torn: int) -> None:
    driver, data = cache(fast=faulty({"read": [{}, {"torn": torn}, {}, {"torn": torn}]})), body(5 * MIB)
    key = filled(driver, data)[0]
    assert read(driver, key) == data
    filled(driver, data)
    assert read(driver, key, 100) == data[100:]


@pytest.mark.parametrize("size", [1000, MIB])
def test_a_small_copy_with_a_wrong_bit_is_replaced_by_the_slow_driver(size: int) -> None:
    driver = cache(fast=faulty({"read": [{}, {"flipped": size // 2}]}))
    (key,) = filled(driver, body(size))
    assert read(driver, key) == body(size)
    assert copies(driver) == {}


@pytest.mark.parametrize("flipped", [0, 4 * MIB, 5 * MIB - 1])
def test_a_large_copy_with_a_wrong_bit_raises_an_error_and_is_deleted(flipped: int) -> None:
    driver = cache(fast=faulty({"read": [{}, {"flipped": flipped}]}))
    (key,) = filled(driver, body(5 * MIB))
    with pytest.raises(IntegrityError) as caught:
        read(driver, key)
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("cache", "read", key)
    assert copies(driver) == {}
    assert read(driver, key) == body(5 * MIB)


def test_a_truncated_copy_is_detected() -> None:
    driver = cache(fast=faulty({"read": [{}, {"cut": 2 * MIB + 10}, {}, {"cut": 100}]}))
    (key,) = filled(driver, body(5 * MIB))
    with pytest.raises(IntegrityError):
        read(driver, key)
    filled(driver, body(5 * MIB))
    assert read(driver, key, 5, 1000) == body(5 * MIB)[5:1005]


def test_health_is_that_of_the_slow_driver_and_names_a_failing_fast_one() -> None:
    assert cache().health().ok
    down = cache(fast=faulty({"health": {"error": "unavailable"}})).health()
    assert down.ok
    assert "the fast driver is not available" in down.detail
    assert not cache(slow=faulty({"health": {"error": "unavailable"}})).health().ok


def test_uploads_only_use_the_slow_driver() -> None:
    driver = cache(fast=faulty({"upload_start": {"error": "denied"}}))
    state = driver.upload_append(driver.upload_start("k"), [b"content"])
    assert isinstance(state, UploadState)
    driver.upload_abort(driver.upload_start("other"))
    assert driver.upload_commit(state).size == 7
    assert copies(driver) == {}
