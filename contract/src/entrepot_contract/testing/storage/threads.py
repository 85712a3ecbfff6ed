"""Tests with several threads on one driver."""

from __future__ import annotations

from entrepot_contract import (
    AlreadyExists,
    StorageDriver,
    UploadConflict,
    UploadState,
    UploadUnknown,
    WriteMode,
)
from entrepot_contract.testing.base import Repeat
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, pieces, read_back, store, upload
from entrepot_contract.testing.threads import together, write_while_others_look

__all__ = ["ThreadContract"]


class ThreadContract(ContractBase):
    """Tests that use one driver from several threads."""

    @sentence("storage", "Drivers are synchronous and thread-safe.")
    def test_threads_use_one_driver_for_everything(self, driver: StorageDriver, repeat: Repeat) -> None:
        def work(number: int) -> None:
            for turn in range(repeat(15)):
                keys = [f"t/{number}/{turn}/{name}" for name in ("put", "upload", "moved")]
                driver.put(keys[0], body(5000, seed=number))
                upload(driver, keys[1], body(5000, seed=number))
                driver.move(keys[0], keys[2])
                assert read_back(driver, keys[2]) == read_back(driver, keys[1]) == body(5000, seed=number)
                assert listed(driver, f"t/{number}/{turn}/") == [keys[2], keys[1]]
                driver.delete(keys)
                assert listed(driver, f"t/{number}/") == []

        together(work)
        assert listed(driver) == []

    @sentence("storage", "Drivers are synchronous and thread-safe.")
    def test_threads_write_where_others_delete(self, driver: StorageDriver, repeat: Repeat) -> None:
        def work(number: int) -> None:
            for _ in range(repeat(60)):
                store(driver, f"d/e/{number}")
                driver.upload_commit(driver.upload_start(f"d/e/f/{number}"), target=f"d/e/g/{number}")
                driver.move(f"d/e/g/{number}", f"d/e/h/{number}")
                driver.delete([f"d/e/{number}", f"d/e/h/{number}"])

        together(work)
        assert listed(driver) == []

    @sentence("storage", "Drivers are synchronous and thread-safe.")
    def test_lists_are_whole_while_others_write(self, driver: StorageDriver, repeat: Repeat) -> None:
        kept = [f"l/{number:02}/kept" for number in range(10)]
        store(driver, *kept)

        def write(turn: int) -> None:
            gone = [f"l/{turn % 10:02}/gone", f"l/{turn % 10:02}-/gone/{turn}"]
            store(driver, *gone)
            driver.delete(gone)

        def look() -> None:
            keys = listed(driver, "l/")
            assert keys == sorted(set(keys))
            assert [key for key in keys if key.endswith("/kept")] == kept

        write_while_others_look(write, look, repeat(60))
        assert listed(driver) == kept

    @sentence("put", "Of any number of concurrent CREATEs, exactly one succeeds.")
    @needs("create")
    def test_one_of_many_threads_wins_a_create(self, driver: StorageDriver, repeat: Repeat) -> None:
        for turn in range(repeat(25)):

            def work(number: int, key: str = f"race/{turn}") -> str | None:
                try:
                    driver.put(key, str(number).encode(), mode=WriteMode.CREATE)
                except AlreadyExists:
                    return None
                return str(number)

            won = [winner for winner in together(work) if winner is not None]
            assert len(won) == 1
            assert read_back(driver, f"race/{turn}") == str(won[0]).encode()

    @sentence("put", "A reader sees either the complete old object or the complete new one.")
    @sentence("upload_commit", "This is atomic")
    def test_readers_in_threads_see_whole_objects(self, driver: StorageDriver, repeat: Repeat) -> None:
        versions = [body(200_000 + 1000 * number, seed=number) for number in range(2)]
        driver.put("a/k", versions[1])

        def write(turn: int) -> None:
            driver.put("a/k", versions[turn % 2])
            upload(driver, "b/k", versions[(turn + 1) % 2], target="a/k")

        def look() -> None:
            assert read_back(driver, "a/k") in versions

        write_while_others_look(write, look, repeat(40))

    @sentence("upload_append", "Of two appends from one state, at most one result can be committed;")
    def test_threads_that_append_from_one_state_are_never_mixed(self, driver: StorageDriver, repeat: Repeat) -> None:
        for turn in range(repeat(10)):
            base = driver.upload_append(driver.upload_start("a/k"), [b"base"])

            def work(number: int, base: UploadState = base, target: str = f"done/{turn}") -> int | None:
                try:
                    state = driver.upload_append(base, pieces(b"%d" % number * 250_000))
                    driver.upload_commit(state, target=target)
                except (UploadConflict, UploadUnknown):
                    return None
                return number

            won = [number for number in together(work) if number is not None]
            assert len(won) <= 1
            for number in won:
                assert read_back(driver, f"done/{turn}") == b"base" + str(number).encode() * 250_000
