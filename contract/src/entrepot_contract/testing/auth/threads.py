"""Tests with several threads on one authenticator, and of the time that a wrong credential takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Final, Literal

from entrepot_contract.auth import Authenticator, Identity, Presented, Refused
from entrepot_contract.testing.auth.base import AuthBase, Known, Pairs
from entrepot_contract.testing.auth.credentials import raw, refusal_of
from entrepot_contract.testing.auth.world import WANTED
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.threads import together

__all__ = ["ThreadContract"]

TURNS: Final = 5
TIMES: Final = 11
WIDE: Final = 3.0
UNSEEN: Final = 100e-6
"""Seconds; smaller differences cannot be noticed in the total time of a request."""


class ThreadContract(AuthBase):
    """Tests of threads and of timing."""

    @sentence("Authenticator", "Authenticators are synchronous and thread-safe.")
    def test_threads_get_the_same_answers(
        self, authenticator: Authenticator, known: Known, refused: Sequence[Presented]
    ) -> None:
        def check(presented: Presented) -> Identity | Literal["refused"] | None:
            try:
                return authenticator.authenticate(presented)
            except Refused:
                return "refused"

        asked = [raw(None), *(presented for presented, _ in known), *refused]

        def work(number: int) -> list[object]:
            results: list[object] = []
            for _ in range(TURNS):
                turned = asked[number:] + asked[:number]
                checked = [check(presented) for presented in turned]
                results.append(checked[len(asked) - number :] + checked[: len(asked) - number])
            return [*results, authenticator.challenge(raw(None), WANTED, None)]

        first, *others = together(work)
        assert first == work(0), "with several threads, a credential gets another result than alone"
        assert all(other == first for other in others), "with several threads, the same credentials get several results"
        assert [identity.name for identity in map(check, asked) if isinstance(identity, Identity)] == [
            name for _, name in known
        ]

    @sentence("authenticate", "Rejecting a wrong credential takes the same time whether or not the user exists.")
    @needs("timing")
    def test_unknown_and_known_users_take_the_same_time(self, authenticator: Authenticator, timing: Pairs) -> None:
        for known, unknown in timing:
            took: dict[bool, list[float]] = {False: [], True: []}
            for turn in range(2 * TIMES + 2):
                began = time.thread_time()
                refusal_of(authenticator, known if turn % 2 else unknown)
                if turn > 1:
                    took[bool(turn % 2)].append(time.thread_time() - began)
            medians = [max(statistics.median(times), UNSEEN) for times in took.values()]
            assert max(medians) < WIDE * min(medians), f"unknown {medians[0]:.6f} s, known {medians[1]:.6f} s"
