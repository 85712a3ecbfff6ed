"""Tests that results do not depend on what was presented before, or at the same time."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refusal, Refused
from entrepot_contract.testing.auth.base import AuthBase, Known, Opener
from entrepot_contract.testing.auth.credentials import ADDRESS, SENTINEL, anew, decoded, raw, spoilt
from entrepot_contract.testing.auth.grammar import parse_challenge
from entrepot_contract.testing.auth.nearly import outcome
from entrepot_contract.testing.auth.spelling import misspelt, with_pair
from entrepot_contract.testing.auth.world import WANTED
from entrepot_contract.testing.opened import open_resources
from entrepot_contract.testing.sentences import needs, sentence

__all__ = ["ALONE", "AgainContract", "quick_switches"]

ALONE: Final = (
    "The result depends on the credential, not on those presented before or at the same time: "
    "any number of wrong ones does not lock a user out."
)
ANEW: Final = "It depends on the request alone, except for a nonce."
WRONG_IN_A_ROW: Final = 25
CROWD: Final = 12
TURNS: Final = 6
CHANGING: Final = {"nonce", "opaque", "stale"}


@contextmanager
def quick_switches() -> Iterator[None]:
    """Let threads take turns a thousand times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def wrong_ones(presented: Presented) -> list[Presented]:
    """Return some wrong credentials that are like a valid one."""
    pair = decoded(presented)
    if pair is None:
        return list(spoilt(presented))
    words = misspelt(pair[1])
    some = [words[kind] for kind in ("other case", "space at the end", "without the last letter") if kind in words]
    return [with_pair(presented, pair[0].encode(), word) for word in (*some, SENTINEL.encode())]


def result_of(answer: Identity | Refused | None) -> Identity | str:
    """Return a result in a form that can be compared."""
    return answer if isinstance(answer, Identity) else "not handled" if answer is None else "refused"


def lasting(text: str | None) -> tuple[str, Mapping[str, str]] | None:
    """Return the parts of a challenge that do not change from call to call."""
    if text is None:
        return None
    challenge = parse_challenge(text)
    return challenge.scheme, {name: value for name, value in challenge.parameters.items() if name not in CHANGING}


class AgainContract(AuthBase):
    """Tests of orders and of crowds."""

    @sentence("authenticate", ALONE)
    def test_wrong_credentials_are_refused_again_after_right_ones(
        self, authenticator: Authenticator, known: Known
    ) -> None:
        for presented, name in known:
            first = authenticator.authenticate(presented)
            for wrong in wrong_ones(presented):
                for turn in range(3):
                    answer = outcome(authenticator, wrong)
                    assert not isinstance(answer, Identity), (
                        f"a wrong credential of {name!r} was accepted in try {turn + 1}, after the right one was"
                    )
                    again = authenticator.authenticate(presented)
                    assert again == first, f"the right credential of {name!r} yields another identity after a wrong one"

    @sentence("authenticate", ALONE)
    def test_letters_moved_between_name_and_password_are_refused(
        self, authenticator: Authenticator, known: Known
    ) -> None:
        right = {pair for presented, _ in known if (pair := decoded(presented)) is not None}
        for presented, name in known:
            if (pair := decoded(presented)) is None:
                continue
            letters, border = "".join(pair), len(pair[0])
            authenticator.authenticate(presented)
            for place in {0, 1, border - 2, border - 1, border + 1, border + 2, len(letters)}:
                moved = letters[: max(place, 0)], letters[max(place, 0) :]
                if ":" in moved[0] or moved in right:
                    continue
                answer = outcome(authenticator, with_pair(presented, moved[0].encode(), moved[1].encode()))
                assert not isinstance(answer, Identity), (
                    f"after the credential of {name!r}, one with the same letters was accepted, in which "
                    f"{len(moved[0])} letters instead of {border} were the name"
                )
            answer = outcome(authenticator, presented)
            assert isinstance(answer, Identity), f"the credential of {name!r} is refused after wrong ones"

    @sentence("authenticate", ALONE)
    def test_many_wrong_credentials_lock_no_user_out(
        self, authenticator: Authenticator, open_authenticator: Opener, known: Known
    ) -> None:
        for each in (authenticator, open_authenticator()):
            for presented, name in known:
                wrong = wrong_ones(presented)
                for turn in range(WRONG_IN_A_ROW):
                    answer = outcome(each, wrong[turn % len(wrong)])
                    assert not isinstance(answer, Identity), f"wrong credential {turn + 1} of {name!r} was accepted"
                for other, its_name in known:
                    found = outcome(each, other)
                    assert isinstance(found, Identity), (
                        f"after {WRONG_IN_A_ROW} wrong credentials of {name!r}, that of {its_name!r} is refused"
                    )
                    assert found.name == its_name, f"the credential of {its_name!r} returned {found.name!r}"

    @sentence("authenticate", ALONE)
    def test_the_order_of_credentials_does_not_matter(
        self, open_authenticator: Opener, known: Known, refused: Sequence[Presented]
    ) -> None:
        asked = [raw(None), *refused]
        for presented, _ in known:
            asked += [presented, *wrong_ones(presented)[:2]]
        expected = [result_of(outcome(open_authenticator(), presented)) for presented in asked]
        for order in (range(len(asked)), reversed(range(len(asked)))):
            used = open_authenticator()
            for place in order:
                answer = result_of(outcome(used, asked[place]))
                assert answer == expected[place], (
                    f"a credential that is {expected[place]} as the first one was {answer} after others"
                )

    @sentence("authenticate", ALONE)
    @sentence("Authenticator", "Authenticators are synchronous and thread-safe.")
    def test_threads_with_right_and_wrong_credentials_get_their_own_results(
        self, authenticator: Authenticator, open_authenticator: Opener, known: Known
    ) -> None:
        lines = [[presented, *wrong_ones(presented)[:2]] for presented, _ in known]
        expected = {
            presented.authorization: result_of(outcome(authenticator, presented))
            for line in lines
            for presented in line
        }
        crowded = open_authenticator()  # which has checked none of them
        gate = threading.Barrier(CROWD)

        def work(number: int) -> list[tuple[str | None, Identity | str]]:
            line = lines[number % len(lines)]
            gate.wait(timeout=60)
            asked = [line[(number + turn) % len(line)] for turn in range(TURNS)]
            return [(presented.authorization, result_of(outcome(crowded, presented))) for presented in asked]

        with quick_switches(), ThreadPoolExecutor(CROWD) as pool:
            for results in pool.map(work, range(CROWD)):
                for authorization, answer in results:
                    assert answer == expected[authorization], (
                        f"with {CROWD} threads, a credential that is {expected[authorization]} alone was {answer}"
                    )

    @sentence("authenticate", "All credentials of one user return the same name, groups and stamp.")
    def test_all_credentials_of_a_user_return_the_same_user(self, authenticator: Authenticator, known: Known) -> None:
        users: dict[str, Identity] = {}
        for presented, name in known:
            identity = authenticator.authenticate(presented)
            assert identity is not None
            if identity.grants is None:
                first = users.setdefault(name, identity)
                assert (identity.groups, identity.stamp) == (first.groups, first.stamp), (
                    f"two credentials of {name!r} return different groups or stamps"
                )

    @sentence("challenge", ANEW)
    @needs("challenge")
    def test_a_challenge_depends_on_its_request_alone(
        self, authenticator: Authenticator, open_authenticator: Opener, known: Known
    ) -> None:
        asked = list(_requests(known))
        expected = [lasting(open_authenticator().challenge(*request)) for request in asked]
        for presented, _ in known:
            authenticator.authenticate(presented)
            for wrong in wrong_ones(presented):
                outcome(authenticator, wrong)
        for order in (range(len(asked)), reversed(range(len(asked)))):
            for place in order:
                assert lasting(authenticator.challenge(*asked[place])) == expected[place], (
                    "a challenge depends on the requests before"
                )
        with quick_switches(), ThreadPoolExecutor(CROWD) as pool:
            many = [place for _ in range(TURNS) for place in range(len(asked))]
            for place, text in zip(
                many, pool.map(lambda place: authenticator.challenge(*asked[place]), many), strict=True
            ):
                assert lasting(text) == expected[place], "a challenge depends on requests of other threads"

    @sentence("close", "Release all resources: files, connections and threads. Idempotent.")
    def test_checks_leave_no_files_and_threads(self, open_authenticator: Opener, known: Known) -> None:
        def once() -> None:
            one = open_authenticator()
            for presented, name in known:
                for each in (presented, *wrong_ones(presented)):
                    outcome(one, each)
                one.user(name)
            one.close()

        once()  # what is opened once for the process is open from now on
        gc.collect()
        before = open_resources()
        for _ in range(TURNS):
            once()
        gc.collect()
        after = open_resources()
        assert after[0] <= before[0], f"{after[0] - before[0]} files or sockets stay open after close()"
        assert after[1] <= before[1], f"{after[1] - before[1]} threads are still running after close()"


def _requests(known: Known) -> Iterator[tuple[Presented, Sequence[Access], Refusal | None]]:
    refusals: tuple[Refusal | None, ...] = (None, "invalid", "insufficient")
    for place, refusal in enumerate(refusals):
        for base_url in ("https://one.kit.example/", "http://two.kit.example:5000/deep/"):
            for wanted in (WANTED[:0], WANTED[place : place + 2], WANTED):
                for text in (None, *(presented.authorization for presented, _ in known)):
                    yield anew(Presented(address=ADDRESS, base_url=base_url), text or ""), wanted, refusal
