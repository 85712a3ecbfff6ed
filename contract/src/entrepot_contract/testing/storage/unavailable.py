"""Tests with a backend that cannot be reached, never responds, or refuses the credentials."""

from __future__ import annotations

import gc
import threading
import time
from typing import Final

import pytest

from entrepot_contract import Capabilities, Health, StorageDriver
from entrepot_contract.testing.opened import open_resources
from entrepot_contract.testing.outcomes import Outcome, outcome, outcomes
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import Config, ContractBase, OpenerOf
from entrepot_contract.testing.storage.failing import check_unavailable, prepare, verbs

__all__ = ["HEALTH", "UnavailableContract", "check_ill"]

SLACK: Final = 1.0
TRIES: Final = 3
TURNS: Final = 12
UNAVAILABLE: Final = "A verb that gets no answer from the backend raises Unavailable:"
UNKNOWN: Final = "What a driver does not know is never NotFound or UploadUnknown, nor a shorter result."
BOUNDED: Final = "It does so within a bounded time, which the options should determine."
HEALTH: Final = "Make one cheap authenticated request, within 2 seconds; never raises, and never reveals a secret."


def check_ill(driver: StorageDriver, state: str) -> Health:
    """Check that ``health`` returns that the backend does not work, within 2 seconds by the kit's clock."""
    tries: list[Outcome] = []
    for _ in range(TRIES):  # the first may be late because the machine is busy
        tries.append(outcome("health", driver.health, 30))
        found = tries[-1]
        assert found.ended, f"health did not return within 30 s while the backend {state}\n{found.where()}"
        assert found.error is None, f"health raised {type(found.error).__name__} while the backend {state}"
        assert isinstance(found.result, Health), f"health returned {found.result!r}"
        assert found.result.ok is False, f"health is ok while the backend {state}"
        assert isinstance(found.result.detail, str), "the detail must be text"
        assert found.result.detail.strip(), "a failed health check must say in its detail what is wrong"
        if found.seconds <= 2 + SLACK:
            return found.result
    shortest = min(each.seconds for each in tries)
    pytest.fail(f"health took at least {shortest:.1f} s while the backend {state}; it must return within 2 s")


def open_files() -> int:
    """Return the number of file descriptors of this process."""
    gc.collect()
    return open_resources()[0]


class UnavailableContract(ContractBase):
    """Tests with options that lead to a backend that does not work."""

    @sentence("StorageDriver", UNAVAILABLE)
    @sentence("StorageDriver", "the backend cannot be reached")
    @sentence("StorageDriver", UNKNOWN)
    @needs("unreachable")
    def test_every_verb_raises_unavailable_if_the_backend_cannot_be_reached(
        self, driver: StorageDriver, open_with: OpenerOf, unreachable: Config, claims: Capabilities
    ) -> None:
        made, lost = prepare(driver), open_with(unreachable)
        for each in outcomes(verbs(lost, made, claims), self.failure_timeout).values():
            check_unavailable(each, lost, self.failure_timeout)

    @sentence("StorageDriver", UNAVAILABLE)
    @sentence("StorageDriver", "does not respond")
    @sentence("StorageDriver", BOUNDED)
    @needs("hanging")
    def test_every_verb_raises_unavailable_in_time_if_the_backend_never_responds(
        self, driver: StorageDriver, open_with: OpenerOf, hanging: Config, claims: Capabilities
    ) -> None:
        made, stuck = prepare(driver), open_with(hanging)
        for each in outcomes(verbs(stuck, made, claims), self.failure_timeout).values():
            check_unavailable(each, stuck, self.failure_timeout)

    @sentence("StorageDriver", "A backend that refuses the driver's credentials makes a verb raise Denied.")
    @needs("denied")
    def test_every_verb_raises_denied_if_the_backend_refuses_the_credentials(
        self, driver: StorageDriver, open_with: OpenerOf, denied: Config, claims: Capabilities
    ) -> None:
        made, refused = prepare(driver), open_with(denied)
        calls = verbs(refused, made, claims)
        for each in outcomes(calls, self.failure_timeout).values():
            check_unavailable(each, refused, self.failure_timeout, denied=True)
        check_ill(refused, "refuses the credentials")

    @sentence("health", HEALTH)
    @needs("unreachable")
    def test_health_is_not_ok_if_the_backend_cannot_be_reached(self, open_with: OpenerOf, unreachable: Config) -> None:
        check_ill(open_with(unreachable), "cannot be reached")

    @sentence("health", HEALTH)
    @needs("hanging")
    def test_health_is_not_ok_in_time_if_the_backend_never_responds(self, open_with: OpenerOf, hanging: Config) -> None:
        check_ill(open_with(hanging), "never responds")

    @sentence("health", HEALTH)
    @needs("unreachable")
    def test_health_leaves_no_thread_and_no_file_open(self, open_with: OpenerOf, unreachable: Config) -> None:
        lost = open_with(unreachable)
        lost.health()
        before = threading.active_count(), open_files()
        for _ in range(TURNS):
            lost.health()
        until = time.monotonic() + self.failure_timeout
        # A pool may open some at first; what grows with every call is a leak.
        while threading.active_count() >= before[0] + TURNS or open_files() >= before[1] + TURNS:
            after = threading.active_count(), open_files()
            message = f"{TURNS} calls of health left threads and files open: {before} before, {after} after"
            assert time.monotonic() < until, message
            time.sleep(0.05)
