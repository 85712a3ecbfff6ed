"""Tests in which one connection of several breaks, and the driver goes on with another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from functools import partial
from typing import Final

import pytest

from entrepot_contract import DeleteFailed, ObjectInfo, Prefix, StorageDriver
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.breaking import HOWS, BreakingBase, check_failure
from entrepot_contract.testing.storage.content import Content, body, for_each, listed, store, upload
from entrepot_contract.testing.storage.replaced import WAIT_SECONDS, goes_on
from entrepot_contract.testing.weather import How, Proxy

__all__ = ["ReconnectingContract"]

KEYS: Final = 1100
APART: Final = 50
SIZE: Final = 24 * 2**20


class ReconnectingContract(BreakingBase):
    """Tests of ``delete``, ``read`` and ``list_objects``, each with several requests."""

    @sentence("delete", "A partial failure raises DeleteFailed, which names every key that was not deleted.")
    @needs("endpoint")
    @pytest.mark.parametrize("turn", [0, 1, 2])
    @pytest.mark.parametrize("what", ["request", "response"])
    def test_delete_of_many_keys_forgets_none_when_one_connection_breaks(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy, turn: int, what: str
    ) -> None:
        keys = [f"d/{number:04}" for number in range(KEYS)]
        store(driver, *keys[::APART])
        proxied.delete(["d/none"])  # the connection is open from now on
        (proxy.drop if what == "request" else proxy.lose)(turn)
        found = self.attempt("delete", lambda: proxied.delete(iter(keys)))
        proxy.heal()
        assert found.ended, str(found)
        left = set(listed(driver, "d/"))
        if isinstance(found.error, DeleteFailed):
            forgotten = sorted(left - set(found.error.failed))
            assert not forgotten, f"one {what} of several was lost; {forgotten} is left, and DeleteFailed omits it"
        else:
            check_failure(found, f"one {what} of several was lost")
            assert found.error is not None or not left, f"delete returned, and {sorted(left)} is left"

    @sentence("read", "it never mixes two objects.")
    @sentence("Reader", "Raises Unavailable if the connection breaks:")
    @needs("endpoint")
    @pytest.mark.parametrize("how", HOWS)
    @pytest.mark.parametrize("change", ["put", "commit", "written-again"])
    def test_a_reader_that_connects_again_never_mixes_two_objects(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy, how: How, change: str
    ) -> None:
        old, new = body(SIZE), body(SIZE, seed=1)
        upload(driver, "a/k", old)

        def replace() -> None:
            if change == "written-again":
                driver.delete(["a/k"])
            if change == "put":
                driver.put("a/k", new[: 2 * 2**20])
            else:
                upload(driver, "a/k", new)

        with ThreadPoolExecutor(1) as pool, closing(proxied.read("a/k")) as reader:
            chunks = iter(reader)
            got = bytearray(next(chunks))
            # Some backends block a change until readers are closed: they continue while it is blocked.
            replaced = pool.submit(replace)
            wait([replaced], timeout=WAIT_SECONDS)
            proxy.cut("response", 1000, how=how, times=1)
            found = self.attempt("read", partial(goes_on, chunks, got))
            proxy.heal()
            reader.close()
            replaced.result()
        assert found.ended, str(found)
        if found.error is not None:
            raise found.error
        message = "the connection broke and the object was replaced, and a reader gave bytes of both objects"
        assert Content(bytes(got)) == old if found.result else old.startswith(got), message

    @sentence("list_objects", "An object that exists during the whole listing is listed exactly once")
    @needs("endpoint")
    @pytest.mark.parametrize("how", HOWS)
    @pytest.mark.parametrize("shallow", [False, True])
    def test_a_listing_that_connects_again_lists_every_key_once(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy, how: How, shallow: bool
    ) -> None:
        keys = [f"l/{number:04}{'/' * shallow}" for number in range(KEYS)]
        for_each(lambda key: driver.put(f"{key}k" if shallow else key, b""), keys)
        proxied.stat("l/0000/k" if shallow else keys[0])
        for turn in range(5):
            proxy.lose(turn, how=how)
            found = self.attempt("list_objects", lambda: self._listed_with_more(driver, proxied, shallow))
            proxy.heal()
            check_failure(found, "one response of several was lost")
            if found.error is None:
                assert isinstance(found.result, list)
                assert [key for key in found.result if len(key) == len(keys[0])] == keys, (
                    f"a listing whose connection broke returned {len(found.result)} keys"
                )

    @staticmethod
    def _listed_with_more(driver: StorageDriver, proxied: StorageDriver, shallow: bool) -> list[str]:
        """Return the keys of a listing, during which others are written and deleted."""
        got, end = [], "/k" if shallow else ""
        for number, item in enumerate(proxied.list_objects("l/", shallow=shallow)):
            assert isinstance(item, Prefix if shallow else ObjectInfo)
            got.append(item.key)
            if number == 10:
                store(driver, f"l/0010-more{end}", f"l/0900-more{end}")
            elif number == 900:
                driver.delete([f"l/0010-more{end}"])
        return got
