"""Tests of ``put`` in both modes."""

from __future__ import annotations

import pytest

from entrepot_contract import (
    MAX_KEY_BYTES,
    MAX_PUT_SIZE,
    MAX_SEGMENT_BYTES,
    AlreadyExists,
    Capabilities,
    StorageDriver,
    StorageError,
    Unsupported,
    WriteMode,
)
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, listed, read_back
from entrepot_contract.testing.storage.refusing import refused

__all__ = ["PutContract"]


class PutContract(ContractBase):
    """Tests of ``put``."""

    @sentence("put", "Write a complete object of at most 16 MiB.")
    @pytest.mark.parametrize("size", [0, 1, 100_003, MAX_PUT_SIZE])
    def test_put_writes_whole_objects_up_to_16_mib(self, driver: StorageDriver, size: int) -> None:
        info = driver.put("a/b/c", body(size))
        assert (info.key, info.size) == ("a/b/c", size)
        assert read_back(driver, "a/b/c") == body(size)

    @sentence("put", "A reader sees either the complete old object or the complete new one.")
    def test_put_replaces_the_whole_object(self, driver: StorageDriver) -> None:
        for size in (1000, 10, 0, 500):
            driver.put("k", body(size), mode=WriteMode.OVERWRITE)
            assert read_back(driver, "k") == body(size)
            assert driver.stat("k").size == size

    @sentence("put", "The object can be read, and is listed, as soon as ``put`` returns.")
    def test_put_is_read_and_listed_at_once(self, driver: StorageDriver) -> None:
        for number in range(20):
            key = f"new/{number:02}"
            driver.put(key, key.encode())
            assert driver.stat(key).size == len(key)
            assert read_back(driver, key) == key.encode()
            assert listed(driver, "new/")[-1] == key

    @sentence("put", "CREATE on an existing key raises AlreadyExists and leaves the object unchanged.")
    @needs("create")
    def test_create_never_touches_an_existing_object(self, driver: StorageDriver) -> None:
        assert driver.put("a/k", b"first", mode=WriteMode.CREATE).size == 5
        before = driver.stat("a/k")
        with refused(AlreadyExists, driver, "put", "a/k"):
            driver.put("a/k", b"other", mode=WriteMode.CREATE)
        assert read_back(driver, "a/k") == b"first"
        assert driver.stat("a/k") == before

    @sentence("put", "CREATE on an existing key raises AlreadyExists and leaves the object unchanged.")
    @needs("create")
    def test_create_sees_objects_made_in_any_way(self, driver: StorageDriver) -> None:
        driver.put("put", b"")
        driver.put("moved", b"x")
        driver.move("moved", "move")
        driver.upload_commit(driver.upload_start("commit"))
        for key in ("put", "move", "commit"):
            with pytest.raises(AlreadyExists):
                driver.put(key, b"new", mode=WriteMode.CREATE)
        driver.delete(["put"])
        assert driver.put("put", b"again", mode=WriteMode.CREATE).size == 5

    @sentence("put", "``WriteMode.CREATE`` requires the capability ``create``.")
    def test_create_is_refused_where_it_is_not_claimed(self, driver: StorageDriver, claims: Capabilities) -> None:
        if claims.create:
            driver.put("k", b"new", mode=WriteMode.CREATE)
            assert read_back(driver, "k") == b"new"
        else:
            with pytest.raises(Unsupported):
                driver.put("k", b"new", mode=WriteMode.CREATE)
            assert listed(driver) == []

    @sentence("Key", "segments match ``[A-Za-z0-9_][A-Za-z0-9._-]*``, at most 255 bytes each and 900 in total.")
    def test_every_key_of_the_grammar_can_be_used(self, driver: StorageDriver) -> None:
        longest = "/".join(["s" * MAX_SEGMENT_BYTES] * 3) + "/" + "t" * (MAX_KEY_BYTES - 3 * (MAX_SEGMENT_BYTES + 1))
        deep = "/".join("d" * 450)
        named = "n/" + "l" * MAX_SEGMENT_BYTES
        odd = [
            "_",
            "0",
            "A.tmp",
            "a.",
            "a..",
            "a--",
            "A",
            "con",
            "a.lock",
            "_uploads/x",
            "_tmp/x",
            "tmp/x",
            named,
            "L" * MAX_SEGMENT_BYTES,
            longest,
            deep,
        ]
        for number, key in enumerate(odd):
            driver.put(key, b"%d" % number)
        for number, key in enumerate(odd):
            assert read_back(driver, key) == b"%d" % number
        assert listed(driver) == sorted(odd)
        for key in (named, longest, deep):
            driver.upload_commit(driver.upload_append(driver.upload_start(key), [b"new"]))
            assert read_back(driver, driver.move(key, "m" + key[1:]).key) == b"new"

    @sentence("Key", "No key is a segment prefix of another: if ``a/b`` is an object, there is no ``a/b/c``.")
    def test_a_key_can_follow_the_prefix_of_the_same_name(self, driver: StorageDriver) -> None:
        driver.put("a/b/c", b"below")
        driver.delete(["a/b/c"])
        driver.put("a/b", b"object")
        assert read_back(driver, "a/b") == b"object"
        driver.delete(["a/b"])
        driver.upload_commit(driver.upload_start("a/b/d"))
        driver.move("a/b/d", "a/b/e/f")
        assert listed(driver) == ["a/b/e/f"]

    @sentence("Key", "No key is a segment prefix of another: if ``a/b`` is an object, there is no ``a/b/c``.")
    def test_a_key_below_an_object_does_not_damage_it(self, driver: StorageDriver) -> None:
        driver.put("a/b", b"object")
        try:
            driver.put("a/b/c", b"below")
        except StorageError as refused:
            assert refused.key == "a/b/c"  # noqa: PT017 - a backend may also accept the key
        assert read_back(driver, "a/b") == b"object"
