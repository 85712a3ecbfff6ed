"""Tests of ``upload_start`` and ``upload_append``, and of the use of older states."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from entrepot_contract import MAX_TOKEN_BYTES, NotFound, StorageDriver, UploadConflict, UploadState
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, pieces, read_back, revived

__all__ = ["UploadContract"]


class ClientGoneError(Exception):
    """Raised by a body whose client disconnected."""


class Stopped(BaseException):
    """Raised by a body; not caught by ``except Exception``."""


def broken(data: bytes, error: BaseException) -> Iterator[bytes | bytearray | memoryview]:
    """Yield ``data``, then raise ``error``."""
    yield from pieces(data)
    raise error


class UploadContract(ContractBase):
    """Tests of uploads before the commit."""

    @sentence("upload_start", "Start an upload of unknown size.")
    @sentence("upload_start", "The state has size 0, and any number of uploads may be open for one key.")
    def test_many_uploads_can_be_open_for_one_key(self, driver: StorageDriver) -> None:
        states = [driver.upload_start("a/k") for _ in range(5)]
        assert [(state.key, state.size) for state in states] == [("a/k", 0)] * 5
        states = [driver.upload_append(state, [b"%d" % n * 1000]) for n, state in enumerate(states)]
        for number, state in enumerate(states):
            driver.upload_commit(state, target=f"done/{number}")
        for number in range(5):
            assert read_back(driver, f"done/{number}") == b"%d" % number * 1000

    @sentence("upload_start", "Nothing is readable or listed before the commit.")
    def test_nothing_is_readable_before_the_commit(self, driver: StorageDriver, part: int) -> None:
        state = driver.upload_start("a/k")
        for data in (b"", b"x", body(part + 1)):
            state = driver.upload_append(state, pieces(data))
            assert listed(driver) == []
            with pytest.raises(NotFound):
                driver.stat("a/k")
            with pytest.raises(NotFound):
                driver.read("a/k")

    @sentence("upload_append", "Append any number of bytes at offset ``state.size``.")
    @sentence("Chunks", "Chunks of a body, of any size, each valid only until the next one is requested.")
    @pytest.mark.parametrize("piece", [1_000, 100_000, 2**20 + 1, 2**26])
    def test_append_takes_pieces_of_any_size_and_type(self, driver: StorageDriver, part: int, piece: int) -> None:
        sizes = (
            [0, 1, part - 1, part, part + 1, 17, 0] if piece == 100_000 else [1, 2 * piece + 3, 0, 5] * (piece < 2**26)
        )
        sizes = sizes or [part * 2 + 1]
        state, whole = driver.upload_start("a/k"), b""
        for number, size in enumerate(sizes):
            data = body(size, seed=number)
            state = driver.upload_append(revived(state), pieces(data, piece))
            whole += data
            assert (state.key, state.size) == ("a/k", len(whole))
        assert driver.upload_commit(state).size == len(whole)
        assert read_back(driver, "a/k") == whole

    @sentence("UploadState", "The token is JSON text of at most 1 MiB.")
    @sentence("UploadState", "It stays on the server, and is never logged or pickled.")
    def test_the_token_is_json_and_is_not_shown(self, driver: StorageDriver) -> None:
        state = driver.upload_start("a/k")
        for number in range(60):
            assert type(state) is UploadState
            assert len(state.token.encode()) <= MAX_TOKEN_BYTES
            json.loads(state.token)
            assert state.token not in repr(state)
            state = driver.upload_append(revived(state), [b"%d" % (number % 10)])
        driver.upload_commit(state)
        assert read_back(driver, "a/k") == b"0123456789" * 6

    @sentence("upload_append", "appending from it again discards the bytes past its size.")
    @sentence("upload_append", "``state`` stays usable after an exception, a crash and a success;")
    @pytest.mark.parametrize("longer", [True, False])
    def test_append_from_an_older_state_drops_what_came_after(
        self, driver: StorageDriver, part: int, longer: bool
    ) -> None:
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        driver.upload_append(driver.upload_append(base, pieces(body(part + 5 if longer else 3, seed=1))), [b"more"])
        again = driver.upload_append(revived(base), pieces(body(1000, seed=2)))
        assert again.size == 1004
        driver.upload_commit(driver.upload_append(again, [b"end"]))
        assert read_back(driver, "a/k") == b"base" + body(1000, seed=2) + b"end"

    @sentence("upload_append", "Of two appends from one state, at most one result can be committed;")
    @sentence("upload_append", "the other raises UploadConflict, at the latest in ``upload_commit``.")
    @pytest.mark.parametrize("further", [False, True])
    @pytest.mark.parametrize("same_size", [False, True])
    def test_an_overtaken_state_cannot_be_committed(
        self, driver: StorageDriver, same_size: bool, further: bool
    ) -> None:
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        lost = driver.upload_append(base, [b"lost!"])
        won = driver.upload_append(base, [b"won!!" if same_size else b"won"])
        with pytest.raises(UploadConflict) as caught:
            driver.upload_commit(driver.upload_append(revived(lost), [b"more"]) if further else revived(lost))
        assert caught.value.key == "a/k"
        assert caught.value.operation in {"upload_append", "upload_commit"}
        assert caught.value.message
        assert listed(driver) == []
        driver.upload_commit(won)
        assert read_back(driver, "a/k") == (b"basewon!!" if same_size else b"basewon")

    @sentence("upload_append", "If ``data`` raises, its exception is propagated, and ``state`` stays usable.")
    @sentence("upload_append", "``state`` stays usable after an exception")
    @pytest.mark.parametrize(
        "error", [ClientGoneError("gone"), Stopped("stopped")], ids=["exception", "base-exception"]
    )
    def test_append_survives_a_body_that_raises(self, driver: StorageDriver, part: int, error: BaseException) -> None:
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        for size in (0, 10, part + 100_000):
            with pytest.raises(type(error)) as caught:
                driver.upload_append(base, broken(body(size), error))
            assert caught.value is error
            assert listed(driver) == []
        driver.upload_commit(driver.upload_append(revived(base), [b" and ", b"end"]))
        assert read_back(driver, "a/k") == b"base and end"

    @sentence("upload_append", "``state`` stays usable after an exception, a crash and a success;")
    def test_an_older_state_can_be_committed(self, driver: StorageDriver) -> None:
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        driver.upload_append(base, [b"more"])
        assert driver.upload_commit(revived(base)).size == 4
        assert read_back(driver, "a/k") == b"base"

    @sentence("upload_append", "If ``data`` raises, its exception is propagated, and ``state`` stays usable.")
    def test_a_state_can_be_committed_after_a_body_that_raised(self, driver: StorageDriver) -> None:
        base = driver.upload_append(driver.upload_start("a/k"), [b"base"])
        with pytest.raises(ClientGoneError):
            driver.upload_append(base, broken(b"x" * 300_000, ClientGoneError()))
        assert driver.upload_commit(base).size == 4
        assert read_back(driver, "a/k") == b"base"
