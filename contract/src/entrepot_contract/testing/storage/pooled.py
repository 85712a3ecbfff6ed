"""Tests of connections that a driver keeps: closed ones are replaced, and a reader that has failed stays failed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Final

import pytest

from entrepot_contract import StorageDriver
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.breaking import HOWS, BreakingBase, check_failure
from entrepot_contract.testing.storage.content import Content, body, for_each, listed, read_back, upload
from entrepot_contract.testing.storage.replaced import goes_on
from entrepot_contract.testing.weather import How, Proxy

__all__ = ["PooledContract"]

IDLE: Final = "A connection that the backend closed while it was idle makes at most one later call fail."
CALLS: Final = 16
SIZE: Final = 12 * 2**20


class PooledContract(BreakingBase):
    """Tests of idle connections, and of readers after a failure."""

    @sentence("StorageDriver", IDLE)
    @needs("endpoint")
    def test_connections_that_were_closed_while_idle_are_replaced(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy
    ) -> None:
        driver.put("a/k", body(1000))
        calls: list[Callable[[], object]] = [
            partial(proxied.stat, "a/k"),
            partial(read_back, proxied, "a/k"),
            partial(listed, proxied, "a/"),
            partial(proxied.put, "a/other", b"content"),
        ]
        for _ in range(2):
            for_each(lambda number: calls[number % len(calls)](), range(3 * CALLS))
            proxy.reset()
            failed = []
            for number in range(CALLS):
                found = self.attempt("call", calls[number % len(calls)])
                check_failure(found, "idle connections were closed")
                failed += [number] if found.error is not None else []
            assert len(failed) <= 1, f"after idle connections were closed, {len(failed)} of {CALLS} calls failed"

    @sentence("Reader", "iteration never ends normally before all bytes were read.")
    @needs("endpoint")
    @pytest.mark.parametrize("how", HOWS)
    def test_a_reader_that_failed_never_ends_normally_later(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy, how: How
    ) -> None:
        data = body(SIZE)
        upload(driver, "a/k", data)
        proxied.stat("a/k")
        for offset, length in ((0, None), (1000, SIZE - 2000)):
            expected = data[offset:] if length is None else data[offset : offset + length]
            proxy.cut("response", 2 * 2**20, how=how)
            with closing(proxied.read("a/k", offset=offset, length=length)) as reader:
                got = bytearray()
                for turn in range(3):
                    found = self.attempt("read", lambda: goes_on(iter(reader), got))  # noqa: B023 - called at once
                    proxy.heal()
                    if found.error is not None:
                        raise found.error
                    if found.result:
                        message = f"iterated {turn + 1} times, a reader whose connection broke ended with other bytes"
                        assert Content(bytes(got)) == expected, message
                        break
                    assert expected.startswith(got), "a reader whose connection broke gave other bytes"
