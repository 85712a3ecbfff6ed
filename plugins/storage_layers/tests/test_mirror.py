"""Acknowledged objects can be read while either side is lost, and are restored on a side that lost them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from entrepot_contract import (
    AlreadyExists,
    DeleteFailed,
    NotFound,
    StorageDriver,
    StorageError,
    Unavailable,
    UploadConflict,
    UploadState,
    UploadUnknown,
    WriteMode,
)
from entrepot_contract.testing.storage.content import body, listed
from entrepot_contract.testing.threads import together
from entrepot_storage_layers import MirrorDriver
from entrepot_storage_layers.mirror import repairs

MEMORY: Mapping[str, object] = {"inmemory": {}}
VERBS = ("put", "read", "stat", "list_objects", "move", "delete", "upload_start", "upload_append", "upload_commit")


def faulty(*verbs: str, **faults: object) -> Mapping[str, object]:
    every = {verb: {"error": "unavailable"} for verb in verbs}
    return {"chaos": {"inner": MEMORY, "faults": {**every, **faults}}}


def mirror(
    first: Mapping[str, object] = MEMORY, second: Mapping[str, object] = MEMORY, compare: float = 0
) -> MirrorDriver:
    return MirrorDriver.from_config({"first": first, "second": second, "compare": compare})


def one_side(side: str, **faults: object) -> MirrorDriver:
    """Return a mirror with faults on one side."""
    return MirrorDriver.from_config({"first": MEMORY, "second": MEMORY, "compare": 0, side: faulty(**faults)})


def read(driver: StorageDriver, key: str) -> bytes:
    with driver.read(key) as reader:
        return b"".join(reader)


def eventually(holds: Callable[[], bool]) -> None:
    patience = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < patience
        time.sleep(0.01)


def has(driver: StorageDriver, key: str) -> bool:
    return key in listed(driver)


@pytest.fixture
def filled() -> MirrorDriver:
    """A mirror with one object that was put and one that was uploaded."""
    driver = mirror()
    driver.put("put", b"put")
    state = driver.upload_append(driver.upload_start("k"), [b"up", b"loaded"])
    driver.upload_commit(state, target="uploaded")
    return driver


def test_both_sides_have_what_was_written(filled: MirrorDriver) -> None:
    for side in (filled._first, filled._second):
        assert read(side, "put") == b"put"
        assert read(side, "uploaded") == b"uploaded"
    filled.move("put", "moved")
    filled.delete(["uploaded"])
    assert listed(filled._first) == listed(filled._second) == ["moved"]


@pytest.mark.parametrize("lost", ["_first", "_second"])
def test_an_object_lost_by_one_side_is_read_from_the_other(filled: MirrorDriver, lost: str) -> None:
    getattr(filled, lost).delete(["put", "uploaded"])
    assert read(filled, "put") == b"put"
    assert filled.stat("uploaded").size == 8
    assert listed(filled) == ["put", "uploaded"]
    filled.close()


def test_an_object_lost_by_the_first_side_is_restored_and_reported_by_health(filled: MirrorDriver) -> None:
    filled._first.delete(["put"])
    assert read(filled, "put") == b"put"
    eventually(lambda: has(filled._first, "put"))
    eventually(lambda: "differ" not in filled.health().detail)
    assert read(filled._first, "put") == b"put"
    filled.close()


def test_pending_copies_are_reported_by_health() -> None:
    driver = mirror(first=faulty("put"))
    driver._second.put("k", b"content")
    assert read(driver, "k") == b"content"
    assert "1 objects differ between the sides" in driver.health().detail
    driver.close()


def test_a_difference_that_is_found_again_is_not_postponed() -> None:
    driver = mirror()
    driver._first.put("k", b"content")
    driver._repairs.note("k", driver._first, driver._second, wait=0.2)
    driver._repairs.note("k", driver._first, driver._second, wait=60)
    eventually(lambda: listed(driver._second) == ["k"])
    driver.close()


@pytest.mark.parametrize("verb", ["read", "stat", "list_objects"])
def test_the_second_side_is_used_if_the_first_fails(verb: str) -> None:
    driver = mirror(first=faulty(verb))
    driver.put("k", b"content")
    if verb == "read":
        assert read(driver, "k") == b"content"
    elif verb == "stat":
        assert driver.stat("k").size == 7
    else:
        assert listed(driver) == ["k"]


@pytest.mark.parametrize("verb", ["read", "stat", "list_objects"])
def test_a_failing_second_side_does_not_affect_readers(verb: str) -> None:
    driver = mirror(second=faulty(verb))
    driver.put("k", b"content")
    assert read(driver, "k") == b"content"
    assert driver.stat("k").size == 7
    assert listed(driver) == ["k"]
    with pytest.raises(NotFound):
        driver.stat("missing")


def test_if_both_sides_fail_an_error_of_the_contract_is_raised() -> None:
    driver = mirror(first=faulty(*VERBS), second=faulty(*VERBS))
    calls: list[Callable[[], object]] = [
        lambda: driver.put("k", b""),
        lambda: driver.read("k"),
        lambda: driver.stat("k"),
        lambda: listed(driver),
        lambda: driver.move("k", "l"),
        partial(driver.delete, ["k"]),
        lambda: driver.upload_start("k"),
    ]
    for call in calls:
        with pytest.raises(Unavailable) as caught:
            call()
        assert caught.value.driver == "mirror"


@pytest.mark.parametrize("side", ["first", "second"])
@pytest.mark.parametrize("verb", ["put", "move", "delete", "upload_start", "upload_append"])
def test_a_write_that_fails_on_one_side_fails(side: str, verb: str) -> None:
    driver = one_side(side, **{verb: [{"error": "unavailable"}]})
    keys = ["k"]
    if verb != "put":
        driver.put("k", b"content")

    def write() -> object:
        if verb == "put":
            return driver.put("k", b"content")
        if verb == "move":
            return driver.move("k", "l")
        if verb == "delete":
            driver.delete(keys)
            return None
        return driver.upload_commit(driver.upload_append(driver.upload_start("u"), [body(100_000)] * 30))

    with pytest.raises(StorageError):
        write()
    if verb in {"move", "delete"}:
        assert read(driver, "k") == b"content" if has(driver, "k") else read(driver, "l") == b"content"
    write()
    assert listed(driver._first) == listed(driver._second)


def test_a_commit_that_fails_on_the_second_side_is_replaced_by_a_copy() -> None:
    driver = mirror(second=faulty(upload_commit=[{"error": "unavailable"}]))
    driver.upload_commit(driver.upload_append(driver.upload_start("k"), [body(3_000_000)]))
    assert read(driver._second, "k") == body(3_000_000)


@pytest.mark.parametrize("side", ["first", "second"])
@pytest.mark.parametrize("torn", [0, 5, 2_000_000])
def test_an_append_that_fails_on_one_side_can_be_repeated(side: str, torn: int) -> None:
    driver = one_side(side, upload_append=[{}, {"torn": torn}])
    state = driver.upload_append(driver.upload_start("k"), [b"base"])
    with pytest.raises(Unavailable) as caught:
        driver.upload_append(state, [body(100_000)] * 50)
    assert (caught.value.driver, caught.value.operation) == ("mirror", "upload_append")
    driver.upload_commit(driver.upload_append(state, [body(100_000)] * 2))
    for each in (driver._first, driver._second):
        assert read(each, "k") == b"base" + body(100_000) * 2


def test_create_fails_if_either_side_has_the_object() -> None:
    driver = mirror()
    driver._second.put("lost by the first", b"kept")
    driver._first.put("k", b"kept")
    for key in ("lost by the first", "k"):
        with pytest.raises(AlreadyExists):
            driver.put(key, b"second", mode=WriteMode.CREATE)
        assert read(driver, key) == b"kept"
    driver.close()


def test_a_create_while_the_second_side_is_down_leaves_nothing_and_can_be_repeated() -> None:
    driver = mirror(second=faulty(stat=[{"error": "unavailable"}]))
    with pytest.raises(Unavailable):
        driver.put("k", b"content", mode=WriteMode.CREATE)
    driver.put("k", b"content", mode=WriteMode.CREATE)
    assert read(driver._first, "k") == read(driver._second, "k") == b"content"


def test_the_first_side_decides_which_append_is_committed() -> None:
    driver = mirror()
    base = driver.upload_append(driver.upload_start("k"), [b"base"])
    lost = driver.upload_append(base, [b"lost"])
    driver.upload_append(base, [b"won"])
    with pytest.raises(UploadConflict):
        driver.upload_commit(lost)


def test_a_commit_after_a_crash_between_the_sides_finds_the_object() -> None:
    driver = mirror()
    state = driver.upload_append(driver.upload_start("k"), [b"content"])
    first = driver._first
    inner = UploadState("k", 7, json.loads(state.token)[0])
    first.upload_commit(inner)
    with pytest.raises(UploadUnknown):
        driver.upload_commit(state)
    assert read(driver, "k") == b"content"


def test_a_key_that_one_side_cannot_delete_is_reported_and_kept() -> None:
    driver = mirror(second=faulty(delete=[{"error": "denied"}]))
    driver.put("k", b"content")
    with pytest.raises(StorageError) as caught:
        driver.delete(["k"])
    assert not isinstance(caught.value, DeleteFailed)
    assert read(driver, "k") == b"content"


@pytest.mark.parametrize("side", ["_first", "_second"])
def test_a_move_of_an_object_lost_by_one_side_restores_it(filled: MirrorDriver, side: str) -> None:
    getattr(filled, side).delete(["put"])
    getattr(filled, side).put("target", b"old")
    filled.move("put", "target")
    eventually(lambda: read(filled._first, "target") == read(filled._second, "target") == b"put")
    filled.close()


@pytest.mark.parametrize("side", ["_first", "_second"])
def test_an_object_lost_by_one_side_is_restored_without_a_read(side: str) -> None:
    driver = mirror(compare=0.05)
    contents = {"a/small": b"small", "b/large": body(5_000_000), "c/kept": b"kept"}
    for key, content in contents.items():
        driver.put(key, content)
    lost: StorageDriver = getattr(driver, side)
    lost.delete(["a/small", "b/large"])
    eventually(lambda: listed(lost) == sorted(contents))
    assert {key: read(lost, key) for key in contents} == contents
    driver.close()


def test_the_first_side_decides_if_sizes_differ() -> None:
    driver = mirror(compare=0.05)
    driver.put("k", b"right")
    driver._second.put("k", b"another")
    eventually(lambda: read(driver._second, "k") == b"right")
    assert read(driver._first, "k") == b"right"
    driver.close()


def test_sides_that_cannot_be_listed_are_compared_later() -> None:
    driver = mirror(first=faulty(list_objects=[{"error": "unavailable"}, {"torn": 0}]), compare=0.05)
    driver.put("k", b"content")
    driver._second.delete(["k"])
    eventually(lambda: has(driver._second, "k"))
    driver.close()


def test_failed_copies_are_retried_later_and_a_failing_side_is_tried_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(repairs, "RETRY", 0.05)
    driver = mirror(first=faulty(put=[{"error": "unavailable"}] * 2))
    keys = [f"k{number:02}" for number in range(20)]
    for key in keys:
        driver._second.put(key, b"content")
    for key in keys:
        driver._repairs.note(key, driver._second, driver._first, wait=0.05)
    eventually(lambda: listed(driver._first) == keys)
    eventually(lambda: driver._repairs.pending() == 0)
    driver.close()
    assert len(re.findall(r"copy failed key=k\d\d side=first: ", caplog.text)) == 2


def test_a_copy_never_replaces_a_newer_object(filled: MirrorDriver) -> None:
    filled._first.put("put", b"newer")
    filled._repairs.copy("put", filled._second, filled._first, replace=False)
    assert read(filled._first, "put") == b"newer"


def test_concurrent_writers_leave_both_sides_equal_despite_failures() -> None:
    flaky = faulty(put={"probability": 0.3, "error": "unavailable"})
    driver = mirror(second=flaky, compare=0.05)

    def write(number: int) -> None:
        for turn in range(40):
            with suppress(Unavailable):
                driver.put(f"k{turn % 3}", b"%d of %d" % (turn, number))

    together(write)
    eventually(lambda: driver._repairs.pending() == 0)
    driver.close()
    assert listed(driver._first) == listed(driver._second) == ["k0", "k1", "k2"]
    for key in ("k0", "k1", "k2"):
        assert read(driver._first, key) == read(driver._second, key)


def test_a_url_refers_to_a_side_that_works() -> None:
    def container(name: str) -> Mapping[str, object]:
        store = {"container": name, "accountname": "ours", "accountkey": "a2V5"}
        return {"chaos": {"inner": {"azure": store}, "faults": {"stat": {"error": "unavailable"}}}}

    driver = mirror(container("one"), container("other"))
    assert driver.capabilities.signed_urls == {"GET", "HEAD"}
    assert "/other/k?" in driver.sign_url("k", "GET", timedelta(minutes=1))
    assert mirror(container("one")).capabilities.signed_urls == set()


def test_deleted_objects_are_not_restored(filled: MirrorDriver) -> None:
    filled._first.delete(["put"])
    for _ in range(3):
        filled.stat("put")
    filled.delete(["put"])
    eventually(lambda: filled._repairs.pending() == 0)
    filled.close()
    assert listed(filled._first) == listed(filled._second) == ["uploaded"]


def test_health_fails_if_a_side_is_down() -> None:
    down = mirror(second=faulty(health={"error": "unavailable"})).health()
    assert not down.ok
    assert down.detail.startswith("first: in memory; second: ")
