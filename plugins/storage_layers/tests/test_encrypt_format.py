"""Any range is read as it was written, or raises an error."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot_contract import (
    MAX_PUT_SIZE,
    IntegrityError,
    ObjectInfo,
    StorageDriver,
    StorageError,
    Unsupported,
    UploadState,
)
from entrepot_contract.testing.storage.content import body
from entrepot_storage_layers import EncryptDriver
from entrepot_storage_layers.encrypt.driver import _room
from entrepot_storage_layers.encrypt.format import CHUNK, HEADER, SEALED, plain_size, sealed_size

KEY, OTHER = "a1" * 32, "b2" * 32
SIZES = st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK + 7])
FEW = settings(deadline=None)


def encrypt(monkeypatch: pytest.MonkeyPatch | None = None, *keys: str) -> tuple[EncryptDriver, StorageDriver]:
    """Return an encrypt driver in memory, and its inner driver."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYER_KEYS", ",".join(keys or (KEY,)))
        driver = EncryptDriver.from_config({"inner": {"inmemory": {}}, "keyvariable": "LAYER_KEYS"})
    return driver, driver.inner


def content(driver: StorageDriver, key: str, offset: int = 0, length: int | None = None) -> bytes:
    with driver.read(key, offset=offset, length=length) as reader:
        return b"".join(reader)


def append_all(driver: StorageDriver, parts: Iterable[bytes]) -> UploadState:
    state = driver.upload_start("k")
    for part in parts:
        state = driver.upload_append(state, [part])
    return state


@given(size=SIZES, data=st.data())
@FEW
def test_any_range_is_read_as_it_was_written(size: int, data: st.DataObject) -> None:
    driver, _ = encrypt()
    whole = body(size)
    driver.put("k", whole)
    offset = data.draw(st.integers(0, size))
    length = data.draw(st.none() | st.integers(0, size + 1))
    assert content(driver, "k", offset, length) == whole[offset : None if length is None else offset + length]
    assert driver.stat("k").size == size


@given(sizes=st.lists(SIZES, max_size=5), data=st.data())
@FEW
def test_appends_at_any_place_make_one_object(sizes: list[int], data: st.DataObject) -> None:
    driver, inner = encrypt()
    parts = [body(size, seed=number) for number, size in enumerate(sizes)]
    driver.upload_commit(append_all(driver, parts))
    assert content(driver, "k") == b"".join(parts)
    assert inner.stat("k").size == sealed_size(sum(sizes))


@given(size=SIZES, data=st.data())
@FEW
def test_a_changed_byte_anywhere_is_detected(size: int, data: st.DataObject) -> None:
    driver, inner = encrypt()
    driver.put("k", body(size))
    sealed = bytearray(content(inner, "k"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    inner.put("k", bytes(sealed))
    with pytest.raises(IntegrityError) as caught:
        content(driver, "k")
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("encrypt", "read", "k")


@given(size=SIZES, data=st.data())
@FEW
def test_a_truncated_object_is_detected(size: int, data: st.DataObject) -> None:
    driver, inner = encrypt()
    driver.put("k", body(size))
    sealed = content(inner, "k")
    cut = data.draw(st.integers(0, len(sealed) - 1) | st.sampled_from([HEADER + n * SEALED for n in range(4)]))
    inner.put("k", sealed[: min(cut, len(sealed) - 1)])
    with pytest.raises(IntegrityError):
        content(driver, "k")


@pytest.mark.parametrize("rest", [b"x", b"x" * 28, b"x" * SEALED])
def test_bytes_after_the_end_are_detected(rest: bytes) -> None:
    driver, inner = encrypt()
    driver.put("k", body(CHUNK))
    inner.put("k", content(inner, "k") + rest)
    with pytest.raises(IntegrityError):
        content(driver, "k")


def chunks_of(sealed: bytes) -> list[bytes]:
    return [sealed[start : start + SEALED] for start in range(HEADER, len(sealed), SEALED)]


def test_swapped_chunks_are_detected() -> None:
    driver, inner = encrypt()
    driver.put("k", body(4 * CHUNK))
    sealed = content(inner, "k")
    a, b, c, d = chunks_of(sealed)
    for order in ([b, a, c, d], [a, c, b, d], [a, a, c, d], [a, b, d, c], [a, b, d], [b, c, d]):
        inner.put("k", sealed[:HEADER] + b"".join(order))
        with pytest.raises(IntegrityError):
            content(driver, "k")


def test_a_chunk_of_another_object_is_detected() -> None:
    driver, inner = encrypt()
    driver.put("k", body(3 * CHUNK))
    driver.put("other", body(3 * CHUNK))
    one, other = content(inner, "k"), content(inner, "other")
    mixed = bytearray(one)
    mixed[HEADER + SEALED : HEADER + 2 * SEALED] = other[HEADER + SEALED : HEADER + 2 * SEALED]
    inner.put("k", bytes(mixed))
    for offset in (0, CHUNK, 2 * CHUNK):
        with pytest.raises(IntegrityError):
            content(driver, "k", offset)
    inner.put("k", other[:HEADER] + one[HEADER:])
    with pytest.raises(IntegrityError):
        content(driver, "k")


def test_a_chunk_of_a_discarded_append_is_detected() -> None:
    driver, inner = encrypt()
    base = driver.upload_append(driver.upload_start("k"), [body(CHUNK + 1)])
    dropped = driver.upload_append(base, [b"x" * (2 * CHUNK)])
    lost = inner_bytes(inner, dropped)
    driver.upload_commit(driver.upload_append(base, [b"y" * (2 * CHUNK)]))
    sealed = bytearray(content(inner, "k"))
    assert len(lost) == HEADER + 3 * SEALED
    sealed[HEADER + SEALED : HEADER + 2 * SEALED] = lost[HEADER + SEALED : HEADER + 2 * SEALED]
    inner.put("k", bytes(sealed))
    with pytest.raises(IntegrityError):
        content(driver, "k")


def inner_bytes(inner: StorageDriver, state: UploadState) -> bytes:
    """Return the bytes that the inner driver has of an uncommitted upload."""
    (received,) = inner._uploads.values()  # type: ignore[attr-defined]  # only visible on the disk
    return b"".join(piece for _, part in received for piece in part)


def test_a_tail_that_is_appended_again_has_a_new_nonce() -> None:
    driver, inner = encrypt()
    base = driver.upload_append(driver.upload_start("k"), [b"base"])
    nonces = set()
    for number in range(3):
        driver.upload_append(base, [bytes([number]) * (2 * CHUNK)])
        sealed = inner_bytes(inner, base)
        nonces |= {chunk[:12] for chunk in chunks_of(sealed)}
    assert len(nonces) == 6


def test_neither_store_nor_token_contains_plain_text() -> None:
    driver, inner = encrypt()
    plain = b"down the rabbit hole " * 100
    state = driver.upload_append(driver.upload_start("k"), [plain])
    assert "rabbit" not in state.token
    assert plain[:30].hex() not in state.token
    driver.upload_commit(state)
    assert b"rabbit" not in content(inner, "k")


def test_a_renamed_object_is_read() -> None:
    driver, inner = encrypt()
    driver.put("k", b"content")
    inner.move("k", "l")
    assert content(driver, "l") == b"content"


def test_unencrypted_objects_are_refused() -> None:
    driver, inner = encrypt()
    inner.put("k", body(5000))
    with pytest.raises(IntegrityError, match="written without encryption"):
        driver.read("k")
    inner.put("k", b"short")
    with pytest.raises(IntegrityError, match="5 bytes is not a valid size"):
        driver.stat("k")
    listed = [(item.key, item.size) for item in driver.list_objects() if isinstance(item, ObjectInfo)]
    assert listed == [("k", 0)], "so that it can be found and deleted"


@pytest.mark.parametrize("offset", [0, CHUNK])
def test_reading_with_another_key_raises_an_error(offset: int) -> None:
    driver, inner = encrypt()
    driver.put("k", body(2 * CHUNK))
    stranger, _ = encrypt(None, OTHER)
    stranger.inner = inner
    with pytest.raises(IntegrityError, match=r"the key with the id [0-9a-f]{16} is not configured"):
        stranger.read("k", offset=offset)


def test_a_range_reads_only_its_chunks() -> None:
    driver, inner = encrypt()
    driver.put("k", body(100 * CHUNK))
    asked: list[int] = []
    read = inner.read

    def counting(key: str, *, offset: int = 0, length: int | None = None) -> object:
        asked.append(length or 10**9)
        return read(key, offset=offset, length=length)

    inner.read = counting  # type: ignore[method-assign, assignment]  # counts, and calls the original
    assert content(driver, "k", 50 * CHUNK + 5, 10) == body(100 * CHUNK)[50 * CHUNK + 5 :][:10]
    assert len(asked) == 2
    assert sum(asked) < 2 * CHUNK


@given(st.integers(MAX_PUT_SIZE, 10**12))
def test_the_largest_object_fits_and_one_byte_more_does_not(inner: int) -> None:
    room = _room(inner)
    assert room is not None
    assert sealed_size(room) <= inner < sealed_size(room + 2 + SEALED - CHUNK)
    assert plain_size(sealed_size(room)) == room


def test_a_token_that_was_changed_is_refused() -> None:
    driver, _ = encrypt()
    state = driver.upload_append(driver.upload_start("k"), [b"base"])
    for token in (state.token[:-6] + 'AAA="]', "[]", "{}", "nothing"):
        with pytest.raises(StorageError) as caught:
            driver.upload_append(UploadState("k", 4, token), [b"more"])
        assert caught.value.operation == "upload_append"


@pytest.mark.parametrize("offset", [0, CHUNK])
def test_an_object_whose_size_is_impossible_raises_an_error_of_the_driver(offset: int) -> None:
    driver, inner = encrypt()
    inner.put("k", bytes(HEADER + SEALED + 5))
    with pytest.raises(IntegrityError) as caught:
        driver.read("k", offset=offset)
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("encrypt", "read", "k")


@pytest.mark.parametrize("size", [5, CHUNK + 5, 2 * CHUNK])
def test_a_read_from_the_end_has_no_bytes(size: int) -> None:
    driver, _ = encrypt()
    driver.put("k", body(size))
    assert content(driver, "k", size) == b""


def test_urls_are_not_signed_because_they_would_serve_encrypted_bytes() -> None:
    driver, _ = encrypt()
    with pytest.raises(Unsupported, match="GET URLs cannot be signed") as caught:
        driver.sign_url("k", "GET", timedelta(minutes=1))
    assert (caught.value.driver, caught.value.operation, caught.value.key) == ("encrypt", "sign_url", "k")
