"""The fixtures of tests in which the backend fails while a driver uses it, and the tests of verbs that read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest

from entrepot_contract import Capabilities, NotFound, ObjectInfo, StorageDriver, StorageError, Unavailable
from entrepot_contract.testing.outcomes import Outcome, outcome, outcomes
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import Config, ContractBase, OpenerOf
from entrepot_contract.testing.storage.content import body, for_each, listed, pieces, read_back
from entrepot_contract.testing.storage.failing import check_unavailable, prepare, verbs
from entrepot_contract.testing.storage.unavailable import HEALTH, TURNS, check_ill, open_files
from entrepot_contract.testing.weather import Address, How, Proxy, through

__all__ = ["BreakingBase", "BreakingContract", "check_failure"]

LARGE: Final = 6 * 2**20
UNAVAILABLE: Final = "A verb that gets no answer from the backend raises Unavailable:"
CLOSES: Final = "or closes the connection."
UNKNOWN: Final = "What a driver does not know is never NotFound or UploadUnknown, nor a shorter result."
BOUNDED: Final = "It does so within a bounded time, which the options should determine."
AGAIN: Final = "As soon as the backend works again, so does the same driver;"
UNCHANGED: Final = "objects and upload states are as they were before, or as after the calls that failed"
HOWS: Final[tuple[How, ...]] = ("reset", "end")
PAGES: Final = 7


def check_failure(found: Outcome, what: str) -> None:
    """Check that a call that ended with an exception raised Unavailable."""
    assert found.ended, f"{what}: {found}"
    if found.error is not None:
        raised = type(found.error).__name__
        message = f"{what}: {found.name} raised {raised}, which is not of the contract"
        assert isinstance(found.error, StorageError), message
        message = f"{what}: {found.name} raised {raised} ({found.error}): what is not known must be Unavailable"
        assert isinstance(found.error, Unavailable), message
        assert found.error.retryable, f"{what}: {found.name} raised an Unavailable that is not retryable"


class BreakingBase(ContractBase):
    """Puts a proxy of the kit between a driver and its backend."""

    @pytest.fixture
    def proxy(self, endpoint: Address) -> Iterator[Proxy]:
        """The way to the backend."""
        with Proxy(endpoint) as proxy:
            yield proxy

    @pytest.fixture
    def proxied(
        self, proxy: Proxy, config: Config, endpoint: Address, short_timeouts: Config, open_with: OpenerOf
    ) -> StorageDriver:
        """A driver on the same store, behind the proxy."""
        return open_with({**through(config, endpoint, proxy.address), **short_timeouts})

    def until_it_works(self, driver: StorageDriver) -> None:
        """Wait until a driver works again, up to the suite's ``failure_timeout``."""
        until = time.monotonic() + self.failure_timeout
        while True:
            found = outcome("stat", lambda: driver.stat("works/again"), self.failure_timeout)
            if isinstance(found.error, NotFound):
                return
            message = f"the backend works again, but the driver does not, after {self.failure_timeout:g} s: {found}"
            assert time.monotonic() < until, message
            time.sleep(0.05)

    def check_well(self, driver: StorageDriver) -> None:
        """Wait until a driver works, and check that ``health`` is ok."""
        self.until_it_works(driver)
        found = outcome("health", driver.health, self.failure_timeout)
        assert getattr(found.result, "ok", None) is True, f"health is not ok although the backend works: {found}"

    def attempt(self, name: str, call: Callable[[], object]) -> Outcome:
        """Call a verb while the backend fails."""
        return outcome(name, call, 2 * self.failure_timeout)


class BreakingContract(BreakingBase):
    """Tests of all verbs together, of ``health``, and of ``read`` and ``list_objects``."""

    @sentence("StorageDriver", UNAVAILABLE)
    @sentence("StorageDriver", AGAIN)
    @sentence("StorageDriver", UNCHANGED)
    @needs("endpoint")
    @pytest.mark.parametrize("weather", ["refuse", "stall"])
    def test_a_driver_works_again_when_the_backend_does(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy, claims: Capabilities, weather: str
    ) -> None:
        made = prepare(proxied)
        calls = verbs(proxied, made, claims)
        getattr(proxy, weather)()
        for each in outcomes(calls, 2 * self.failure_timeout).values():
            check_unavailable(each, proxied, 2 * self.failure_timeout)
        proxy.reset()
        proxy.heal()
        self.until_it_works(proxied)
        assert read_back(proxied, "a/k") == body(300_000), "an object is not as it was before the backend failed"
        left = {"a/moved", "w/moved"} & set(listed(driver))
        assert left, "the backend failed during a move, and neither source nor target is left"
        for key in left:
            assert read_back(proxied, key) == body(300_000, seed=1), "the backend failed during a move: torn"
        state = proxied.upload_append(made.appended, pieces(body(1000, seed=3)))
        proxied.upload_commit(state, target="a/appended")
        assert read_back(driver, "a/appended") == body(100_000) + body(1000, seed=3)
        proxied.delete(["a/k"])
        proxied.put("a/put", b"works")
        assert {"a/put", "a/appended"} <= set(listed(proxied)) == set(listed(driver))

    @sentence("health", HEALTH)
    @sentence("StorageDriver", AGAIN)
    @needs("endpoint")
    @pytest.mark.parametrize("weather", ["refuse", "stall"])
    def test_health_follows_the_backend(self, proxied: StorageDriver, proxy: Proxy, weather: str) -> None:
        for _ in range(2):
            self.check_well(proxied)
            getattr(proxy, weather)()
            check_ill(proxied, "fails")
            proxy.reset()
            proxy.heal()

    @sentence("health", HEALTH)
    @sentence("StorageDriver", AGAIN)
    @needs("endpoint")
    def test_health_is_in_time_if_the_backend_sends_a_byte_now_and_then(
        self, proxied: StorageDriver, proxy: Proxy
    ) -> None:
        self.check_well(proxied)
        proxy.slow_down(3, "response")
        check_ill(proxied, "sends three bytes a second")
        proxy.reset()
        proxy.heal()
        self.check_well(proxied)

    @sentence("health", HEALTH)
    @needs("endpoint")
    def test_health_of_a_backend_that_hangs_leaves_nothing_behind(self, proxied: StorageDriver, proxy: Proxy) -> None:
        proxy.stall()
        checks = {f"health {number}": proxied.health for number in range(TURNS)}
        outcomes(checks, self.failure_timeout)
        # What was opened may stay in a pool; what grows with further calls is a leak.
        before = threading.active_count(), open_files(), proxy.connections
        for _ in range(2):
            outcomes(checks, self.failure_timeout)
        proxy.heal()
        until = time.monotonic() + self.failure_timeout
        while True:
            after = threading.active_count(), open_files(), proxy.connections
            if all(now < then + TURNS / 2 for now, then in zip(after, before, strict=True)):
                return
            message = f"threads, files, connections: {before}, and {after} after {2 * TURNS} more calls of health"
            assert time.monotonic() < until, message
            time.sleep(0.05)

    @sentence("StorageDriver", UNKNOWN)
    @sentence("StorageDriver", CLOSES)
    @needs("endpoint")
    def test_stat_is_right_or_fails_when_the_connection_breaks(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy
    ) -> None:
        info = driver.put("a/k", body(1234))
        proxied.stat("a/k")
        for after in (0, 1, 20, 50, 100, 150, 200, 250, 300, 400):
            # Python's HTTP library takes an end within a header for the end of the header.
            for how in HOWS if after <= 20 else HOWS[:1]:
                proxy.cut("response", after, how=how, times=1)
                found = self.attempt("stat", partial(proxied.stat, "a/k"))
                proxy.heal()
                check_failure(found, f"a connection that broke after {after} bytes of a response ({how})")
                if found.error is None:
                    assert isinstance(found.result, ObjectInfo)
                    message = f"stat returned {found.result} after a connection broke; the object is {info}"
                    assert (found.result.key, found.result.size) == (info.key, info.size), message
                    assert found.result.etag == info.etag, message

    @sentence("read", "A broken connection raises Unavailable from the iterator; it never ends the read early.")
    @sentence("Reader", "Raises Unavailable if the connection breaks:")
    @sentence("StorageDriver", CLOSES)
    @needs("endpoint")
    @pytest.mark.parametrize("how", HOWS)
    @pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
    def test_read_never_ends_short_when_the_connection_breaks(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy, how: How, times: int | None
    ) -> None:
        data = body(LARGE)
        driver.put("a/k", data)
        spans = [(0, None), (0, 2 * 2**20), (1000, None), (LARGE - 200_000, None)]
        for offset, length in spans:
            end = LARGE if length is None else offset + length
            for after in (1, 20, 30_000, (end - offset) // 2, end - offset - 1):
                proxy.cut("response", after, how=how, times=times)
                found = self.attempt("read", partial(read_back, proxied, "a/k", offset=offset, length=length))
                check_failure(found, f"a connection that broke after {after} bytes of a response ({how})")
                if found.error is None:
                    message = f"read returned other bytes, and no error, after a connection broke ({how})"
                    assert found.result == data[offset:end], message
                proxy.heal()
        self.until_it_works(proxied)
        assert read_back(proxied, "a/k") == data

    @sentence("read", "A broken connection raises Unavailable from the iterator; it never ends the read early.")
    @sentence("StorageDriver", BOUNDED)
    @needs("endpoint")
    def test_read_raises_when_the_backend_stops_sending(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy
    ) -> None:
        data = body(LARGE)
        driver.put("a/k", data)
        proxied.stat("a/k")
        proxy.cut("response", 200_000, how="stall")
        found = self.attempt("read", lambda: read_back(proxied, "a/k"))
        check_failure(found, "a backend that stopped in the middle of an object")
        assert found.error is not None, "read ended although the backend stopped in the middle of an object"
        proxy.reset()
        proxy.heal()
        self.until_it_works(proxied)
        assert read_back(proxied, "a/k") == data

    @sentence("StorageDriver", UNKNOWN)
    @sentence("StorageDriver", CLOSES)
    @needs("endpoint")
    @pytest.mark.parametrize("shallow", [False, True])
    def test_a_listing_never_ends_short_when_the_connection_breaks(
        self, driver: StorageDriver, proxied: StorageDriver, proxy: Proxy, shallow: bool
    ) -> None:
        keys = [f"l/{number:04}" + "/k" * (number % 2 == 0 and shallow) for number in range(1050)]
        for_each(lambda key: driver.put(key, b""), keys)
        whole = sorted(key.removesuffix("k") for key in keys)
        proxied.stat(keys[0])
        breaks = [partial(proxy.cut, "response", after, times=1) for after in (1, 300, 20_000, 60_000, 150_000)]
        breaks += [partial(proxy.lose, number) for number in range(PAGES)]
        for begin in breaks:
            for how in HOWS:
                begin(how=how)
                found = self.attempt("list_objects", lambda: listed(proxied, "l/", shallow=shallow))
                proxy.heal()
                check_failure(found, f"a connection that broke in the middle of a listing ({how})")
                if found.error is None:
                    assert isinstance(found.result, list)
                    message = f"list_objects returned {len(found.result)} keys, and no error, after a connection broke"
                    assert found.result == whole, f"{message}; there are {len(whole)}"
        proxy.refuse()
        found = self.attempt("list_objects", lambda: listed(proxied, "l/", shallow=shallow))
        check_failure(found, "a backend that cannot be reached")
        assert found.error is not None, "list_objects returned keys although the backend cannot be reached"
