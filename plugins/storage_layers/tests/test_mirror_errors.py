"""Errors and warnings of a mirror name the call, its key and the side that failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import enumerate as threads

import pytest

from entrepot_contract import ConfigError, IntegrityError, StorageError, Unavailable, Unsupported
from entrepot_contract.testing.storage.content import body, listed
from entrepot_storage_layers import MirrorDriver
from entrepot_storage_layers.mirror.listing import differing

from .test_mirror import MEMORY, VERBS, eventually, faulty, has, mirror, one_side, read

MIB = 2**20


def test_an_error_names_the_mirror_the_operation_and_the_key() -> None:
    driver = mirror(first=faulty(*VERBS), second=faulty(*VERBS))
    calls: dict[str, Callable[[], object]] = {
        "put": lambda: driver.put("k", b""),
        "read": lambda: driver.read("k"),
        "stat": lambda: driver.stat("k"),
        "move": lambda: driver.move("k", "l"),
        "upload_start": lambda: driver.upload_start("k"),
        "list_objects": lambda: listed(driver, "k"),
    }
    for operation, call in calls.items():
        with pytest.raises(Unavailable) as caught:
            call()
        assert (caught.value.driver, caught.value.operation, caught.value.key) == ("mirror", operation, "k")


@pytest.mark.parametrize("side", ["first", "second"])
@pytest.mark.parametrize("verb", ["upload_append", "upload_abort"])
def test_an_error_of_an_upload_names_the_mirror(side: str, verb: str) -> None:
    driver = one_side(side, **{verb: {"error": "denied"}})
    state = driver.upload_start("k")
    with pytest.raises(StorageError) as caught:
        driver.upload_abort(state) if verb == "upload_abort" else driver.upload_append(state, [b"content"])
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("mirror", verb, "k")


def test_an_error_of_signing_names_the_mirror() -> None:
    with pytest.raises(Unsupported) as caught:
        mirror().sign_url("k", "GET", timedelta(minutes=1))
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("mirror", "sign_url", "k")


def test_a_url_refers_to_the_first_side_if_it_has_the_object(monkeypatch: pytest.MonkeyPatch) -> None:
    store = {"accountname": "ours", "accountkey": "a2V5"}
    driver = mirror({"azure": {**store, "container": "one"}}, {"azure": {**store, "container": "other"}})
    monkeypatch.setattr(driver._first, "stat", lambda key: key)
    assert "/one/k?" in driver.sign_url("k", "GET", timedelta(minutes=1))


@pytest.mark.parametrize("side", ["first", "second"])
def test_a_missing_object_is_logged_with_its_side(side: str, caplog: pytest.LogCaptureFixture) -> None:
    driver = mirror()
    first, second = driver._first, driver._second
    missing, other = (first, second) if side == "first" else (second, first)
    driver._repairs.note("k", other, missing, wait=60)
    driver.close()
    assert [record.message for record in caplog.records] == [
        f"object missing or different, will be copied side={side} key=k"
    ]


@pytest.mark.parametrize("side", ["first", "second"])
def test_a_side_that_cannot_be_opened_is_a_wrong_option_of_the_mirror(side: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MirrorDriver.from_config({"first": MEMORY, "second": MEMORY, side: {"no-such-driver": {}}})
    assert caught.value.driver == "mirror"
    assert (caught.value.key or "").startswith(side)


@pytest.mark.parametrize("side", ["first", "second"])
def test_a_side_that_cannot_list_is_logged_and_no_other(side: str, caplog: pytest.LogCaptureFixture) -> None:
    driver = one_side(side, list_objects=[{"error": "unavailable"}])
    driver.put("k", b"content")
    assert listed(driver) == ["k"]
    assert [record.levelname for record in caplog.records if f"{side} side cannot list" in record.message] == [
        "WARNING"
    ]
    caplog.clear()
    assert listed(driver) == ["k"]
    assert "cannot list" not in caplog.text


def test_a_failing_second_side_is_logged_and_a_missing_object_is_not(caplog: pytest.LogCaptureFixture) -> None:
    driver = mirror(second=faulty(stat=[{"error": "unavailable"}]))
    with caplog.at_level(logging.WARNING, "entrepot.storage.mirror"), pytest.raises(StorageError):
        driver.stat("missing")
    assert "second side failed" in caplog.text
    caplog.clear()
    with pytest.raises(StorageError):
        driver.stat("missing")
    assert "second side failed" not in caplog.text


def test_an_append_whose_second_side_fails_slowly_ends_with_its_error() -> None:
    driver = one_side("second", upload_append=[{"latency": 0.3, "error": "unavailable"}])
    state = driver.upload_start("k")
    with pytest.raises(Unavailable):
        driver.upload_append(state, [body(MIB // 2)] * 20)


def test_an_overwrite_that_failed_on_the_second_side_is_copied_to_it() -> None:
    driver = mirror(second=faulty(put=[{}, {"error": "unavailable"}]))
    driver.put("k", b"old")
    with pytest.raises(Unavailable):
        driver.put("k", b"new")
    eventually(lambda: read(driver._second, "k") == b"new")
    driver.close()


def test_a_commit_that_could_not_be_copied_is_repaired_later() -> None:
    driver = mirror(second=faulty(upload_commit=[{"error": "unavailable"}] * 2))
    state = driver.upload_append(driver.upload_start("k"), [b"content"])
    with pytest.raises(Unavailable):
        driver.upload_commit(state)
    eventually(lambda: has(driver._second, "k"))
    assert read(driver._first, "k") == read(driver._second, "k") == b"content"
    driver.close()


@pytest.mark.parametrize("size", [100, 5 * MIB])
def test_a_copy_of_too_few_bytes_is_an_error_and_creates_nothing(size: int) -> None:
    driver = mirror(first=faulty(read={"cut": 5}))
    driver._first.put("k", body(size))
    with pytest.raises(IntegrityError, match=f"received 5 of {size} bytes") as caught:
        driver._repairs.copy("k", driver._first, driver._second, replace=False)
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("mirror", "repair", "k")
    assert listed(driver._second) == []


def test_sides_are_compared_again_and_again() -> None:
    driver = mirror(compare=0.05)
    for key in ("a", "b", "c"):
        driver.put(key, b"content")
        driver._second.delete([key])
        eventually(partial(has, driver._second, key))
    driver.close()


def test_equal_sides_have_no_differences() -> None:
    driver = mirror()
    for key in ("a", "b/c"):
        driver.put(key, b"content")
    assert list(differing(driver._first.list_objects(), driver._second.list_objects())) == []
    driver._first.delete(["a"])
    driver._second.put("b/c", b"longer content")
    found = list(differing(driver._first.list_objects(), driver._second.list_objects()))
    assert found == [("a", False), ("b/c", True)]


def test_a_mirror_that_compares_nothing_or_is_closed_starts_no_thread() -> None:
    def working() -> int:
        return sum(thread.name == "mirror-repairs" for thread in threads())

    before = working()
    idle, closed = mirror(), mirror(compare=60)
    idle.put("k", b"content")
    assert read(idle, "k") == b"content"
    closed.close()
    closed.put("k", b"content")
    assert working() == before
