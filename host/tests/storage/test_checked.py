"""The checks of the wrapper before and after the driver is called."""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from host.tests.storage.failing import FailingDriver, Miscounting
from hypothesis import given
from hypothesis import strategies as st

from entrepot.storage import CheckedDriver
from entrepot_contract import (
    MAX_PUT_SIZE,
    AlreadyExists,
    Capabilities,
    IntegrityError,
    InvalidKey,
    NotFound,
    RangeError,
    StorageDriver,
    StorageError,
    Unavailable,
    Unsupported,
    UploadState,
    WriteMode,
    is_key,
)
from entrepot_storage_memory import MemoryDriver

MODEST = Capabilities(create=False, shared=False, durable=False, move="copy", max_object_size=10)

CALLS_WITH_A_KEY: list[Callable[[StorageDriver, str], object]] = [
    lambda driver, key: driver.put(key, b""),
    lambda driver, key: driver.read(key),
    lambda driver, key: driver.stat(key),
    lambda driver, key: driver.move(key, "there"),
    lambda driver, key: driver.move("here", key),
    lambda driver, key: driver.delete(["fine", key]),
    lambda driver, key: driver.upload_start(key),
    lambda driver, key: driver.upload_commit(UploadState("k", 0, ""), target=key),
    lambda driver, key: driver.sign_url(key, "GET", timedelta(1)),
    lambda driver, key: driver.list_objects(f"{key}/"),
]


def test_every_abstract_method_of_the_contract_is_defined_by_the_wrapper_itself() -> None:
    for name in StorageDriver.__abstractmethods__:
        assert name in vars(CheckedDriver), name
    assert not inspect.isabstract(CheckedDriver)


@given(key=st.text().filter(lambda text: not is_key(text)) | st.sampled_from(["..", "a/../b", "/a", "a/", ".x", "-"]))
def test_a_key_outside_the_grammar_never_reaches_the_driver(key: str) -> None:
    driver = FailingDriver()
    for call in CALLS_WITH_A_KEY:
        with pytest.raises(InvalidKey) as caught:
            call(CheckedDriver(driver), key)
        assert caught.value.driver == "failing"
    assert driver.total == 0


def test_a_prefix_without_its_slash_never_reaches_the_driver() -> None:
    driver = FailingDriver()
    with pytest.raises(InvalidKey, match="is not a prefix"):
        CheckedDriver(driver).list_objects("a/b")
    assert driver.total == 0


def test_an_unsupported_capability_never_reaches_the_driver() -> None:
    driver = FailingDriver(claims=MODEST)
    checked = CheckedDriver(driver)
    with pytest.raises(Unsupported):
        checked.put("k", b"", mode=WriteMode.CREATE)
    with pytest.raises(Unsupported):
        checked.sign_url("k", "GET", timedelta(1))
    with pytest.raises(Unsupported, match="at most 10 bytes"):
        checked.put("k", bytes(11))
    assert driver.total == 0


def test_a_put_above_16_mib_is_rejected_and_one_of_16_mib_is_not() -> None:
    checked = CheckedDriver(FailingDriver())
    assert checked.put("k", bytes(MAX_PUT_SIZE)).size == MAX_PUT_SIZE
    with pytest.raises(Unsupported, match="use an upload"):
        checked.put("k", bytes(MAX_PUT_SIZE + 1))


@pytest.mark.parametrize(("offset", "length"), [(-1, None), (0, -1)])
def test_a_negative_range_is_rejected(offset: int, length: int | None) -> None:
    checked = CheckedDriver(FailingDriver())
    checked.put("k", b"bytes")
    with pytest.raises(RangeError):
        checked.read("k", offset=offset, length=length)


def test_a_size_that_differs_from_the_bodys_is_an_integrity_error() -> None:
    checked = CheckedDriver(Miscounting(more=1))
    with pytest.raises(IntegrityError, match="4 bytes instead of 3"):
        checked.put("k", b"123")
    state = checked.upload_start("k")
    with pytest.raises(IntegrityError):
        checked.upload_append(state, [b"12", memoryview(b"3")])
    with pytest.raises(IntegrityError):
        checked.upload_commit(state)


def test_a_reader_that_is_closed_before_its_end_yields_nothing_and_is_not_damaged() -> None:
    driver = CheckedDriver(MemoryDriver.from_config({}))
    driver.put("k", b"data")
    with driver.read("k") as reader:
        pass
    with pytest.raises(Unavailable, match="the reader is closed"):
        list(reader)


@pytest.mark.parametrize("more", [1, -1])
def test_a_reader_with_an_unexpected_number_of_bytes_is_an_integrity_error(more: int) -> None:
    driver = Miscounting(more=more)
    driver.wrapped.put("k", b"123")
    observed: list[type] = []
    checked = CheckedDriver(driver, observe=lambda _operation, _seconds, error: observed.append(type(error)))
    with checked.read("k") as reader, pytest.raises(IntegrityError):
        list(reader)
    assert observed == [type(None), IntegrityError]


def test_an_error_of_a_reader_is_observed_with_its_key() -> None:
    driver = Miscounting(broken=Unavailable("gone", driver="", operation=""))
    driver.wrapped.put("k", b"123")
    with CheckedDriver(driver).read("k") as reader, pytest.raises(Unavailable) as caught:
        list(reader)
    assert str(caught.value) == "counting: read k: gone"


@pytest.mark.parametrize(
    ("offset", "length", "expected"), [(0, None, b"12345"), (2, 2, b"34"), (4, 9, b"5"), (5, 1, b"")]
)
def test_a_correct_reader_is_passed_on(offset: int, length: int | None, expected: bytes) -> None:
    checked = CheckedDriver(FailingDriver())
    checked.put("k", b"12345")
    with checked.read("k", offset=offset, length=length) as reader:
        assert b"".join(reader) == expected


def test_an_exception_outside_the_contract_is_converted_and_logged_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    driver = FailingDriver(ValueError("hunter2"))
    with caplog.at_level(logging.ERROR, "entrepot.storage"), pytest.raises(StorageError) as caught:
        CheckedDriver(driver).stat("k")
    assert type(caught.value) is StorageError
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("failing", "stat", "k")
    assert not caught.value.retryable
    assert "hunter2" not in "".join(traceback.format_exception(caught.value)), "which a server may log"
    assert driver.calls == {"stat": 1}
    assert "ValueError" in caplog.text
    assert "counting.py" in caplog.text
    assert "hunter2" not in caplog.text + str(caught.value)


def test_an_error_of_the_body_is_propagated_unchanged() -> None:
    checked = CheckedDriver(FailingDriver())
    broken = ConnectionResetError("the client went away")

    def body() -> Iterator[bytes]:
        yield b"some"
        raise broken

    state = checked.upload_start("k")
    with pytest.raises(ConnectionResetError) as caught:
        checked.upload_append(state, body())
    assert caught.value is broken
    assert checked.upload_commit(checked.upload_append(state, [b"all"])).size == 3


def test_every_call_is_observed_with_its_duration_and_error() -> None:
    observed: list[tuple[str, bool, str | None]] = []

    def observe(operation: str, seconds: float, error: StorageError | None) -> None:
        observed.append((operation, 0 <= seconds < 10, type(error).__name__ if error else None))

    checked = CheckedDriver(FailingDriver(), observe=observe)
    checked.put("k", b"")
    with pytest.raises(NotFound):
        checked.stat("other")
    with pytest.raises(AlreadyExists):
        checked.put("k", b"", mode=WriteMode.CREATE)
    assert observed == [("put", True, None), ("stat", True, "NotFound"), ("put", True, "AlreadyExists")]


def test_a_health_check_that_raises_is_a_failed_one() -> None:
    health = CheckedDriver(FailingDriver(Unavailable("gone", driver="failing", operation="health"))).health()
    assert not health.ok
    assert health.detail == "gone"
