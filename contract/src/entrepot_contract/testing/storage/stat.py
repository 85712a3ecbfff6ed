"""``stat``: what is known of an object."""

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

    @sentence("stat", "The size, time and etag of an object.")
    @sentence("ObjectInfo", "An object: its key, its size in bytes, when it was written, and its etag.")
    @sentence("ObjectInfo", "``modified`` is aware and in UTC.")
    def test_stat_tells_key_size_time_and_etag(self, driver: StorageDriver) -> None:
        driver.put("a/b", body(123))
        info = driver.stat("a/b")
        assert type(info) is ObjectInfo
        assert (info.key, info.size) == ("a/b", 123)
        assert info.modified.tzinfo is not None
        assert info.modified.utcoffset() == timedelta(0)
        assert abs(datetime.now(UTC) - info.modified) < timedelta(minutes=15), "a clock may be off, a time zone not"
        assert info == driver.stat("a/b"), "an object that nobody touches has one etag and one time"

    @sentence("ObjectInfo", "``modified`` is aware and in UTC.")
    def test_every_verb_answers_aware_times(self, driver: StorageDriver, claims: Capabilities) -> None:
        mode = WriteMode.CREATE if claims.create else WriteMode.OVERWRITE
        answers = [driver.put("p", b"x", mode=mode), upload(driver, "u", b"y"), driver.move("p", "m")]
        answers += [item for item in driver.list_objects() if isinstance(item, ObjectInfo)]
        assert len(answers) == 5
        assert {answer.modified.utcoffset() for answer in answers} == {timedelta(0)}

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
            assert after is None or after != before, "another content of the same size has another etag"
            before = after
