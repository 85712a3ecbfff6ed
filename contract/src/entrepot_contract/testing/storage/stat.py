"""Tests of ``stat``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from entrepot_contract import Capabilities, NotFound, ObjectInfo, StorageDriver, WriteMode
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, upload
from entrepot_contract.testing.storage.refusing import refused

__all__ = ["StatContract"]


class StatContract(ContractBase):
    """Tests of ``stat``."""

    @sentence("stat", "Return the size, modification time and etag of an object.")
    @sentence("ObjectInfo", "An object: its key, its size in bytes, its modification time, and its etag.")
    @sentence("ObjectInfo", "``modified`` is timezone-aware and in UTC.")
    def test_stat_returns_key_size_time_and_etag(self, driver: StorageDriver) -> None:
        driver.put("a/b", body(123))
        info = driver.stat("a/b")
        assert type(info) is ObjectInfo
        assert (info.key, info.size) == ("a/b", 123)
        assert info.modified.tzinfo is not None
        assert info.modified.utcoffset() == timedelta(0)
        assert abs(datetime.now(UTC) - info.modified) < timedelta(minutes=15), (
            "the clock may be off by minutes, but not by a time zone"
        )
        assert info == driver.stat("a/b"), "the etag and time of an unchanged object must not change"

    @sentence("ObjectInfo", "``modified`` is timezone-aware and in UTC.")
    def test_every_method_returns_aware_times(self, driver: StorageDriver, claims: Capabilities) -> None:
        mode = WriteMode.CREATE if claims.create else WriteMode.OVERWRITE
        infos = [driver.put("p", b"x", mode=mode), upload(driver, "u", b"y"), driver.move("p", "m")]
        infos += [item for item in driver.list_objects() if isinstance(item, ObjectInfo)]
        assert len(infos) == 5
        assert {info.modified.utcoffset() for info in infos} == {timedelta(0)}

    @sentence("stat", "A missing key raises NotFound, and so does a key that is only the prefix of others.")
    @pytest.mark.parametrize("key", ["missing", "a", "a/b", "a/b/c/d", "a/missing"])
    def test_stat_finds_objects_only(self, driver: StorageDriver, key: str) -> None:
        driver.put("a/b/c", b"object")
        with refused(NotFound, driver, "stat", key):
            driver.stat(key)

    @sentence("stat", "The etag changes whenever the content changes, or is None.")
    @sentence("ObjectInfo", "``etag`` changes whenever the content changes, or is None.")
    def test_etag_changes_with_the_content(self, driver: StorageDriver, claims: Capabilities) -> None:
        before = driver.stat(driver.put("k", b"0000").key).etag
        for number in range(1, 30):
            content = b"%04d" % number
            if claims.create and number > 20:
                driver.delete(["k"])
                driver.put("k", content, mode=WriteMode.CREATE)
            elif number % 2:
                driver.put("k", content)
            else:
                upload(driver, "k", content)
            after = driver.stat("k").etag
            assert after is None or after != before, "different content of the same size must have a different etag"
            before = after
