"""Time per password check, and the cache of verified credentials."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import pytest

from entrepot_auth_htpasswd.basic import BasicCredential
from entrepot_auth_htpasswd.users import Users
from entrepot_auth_htpasswd.verified import MAX_VERIFIED, Verified

EXPENSIVE = 9
"""A cost at which one check takes about 40 ms: enough to distinguish it from everything else."""


def hashed(password: bytes, cost: int) -> bytes:
    return bcrypt.hashpw(password, bcrypt.gensalt(cost))


def cpu(call: Callable[[], object]) -> float:
    """Return the minimum CPU time of this thread over five calls; other load on the machine does not count."""
    times = []
    for _ in range(5):
        begin = time.thread_time()
        call()
        times.append(time.thread_time() - begin)
    return min(times)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("others", [[], [4, 7]], ids=["one cost in the file", "several"])
def test_a_wrong_password_takes_the_same_time_for_every_user(others: list[int]) -> None:
    hashes = {"expensive": hashed(b"secret", EXPENSIVE)} | {f"cost{cost}": hashed(b"secret", cost) for cost in others}
    users = Users(hashes, Verified(60))
    bare = cpu(lambda: bcrypt.checkpw(b"wrong", hashes["expensive"]))
    for name in [*hashes, "nobody", ""]:
        spent = cpu(lambda name=name: users.verify(BasicCredential(name, b"wrong")))  # type: ignore[misc] # a default
        assert 0.75 < spent / bare < 1.35, name


def test_a_correct_password_is_computed_once_and_then_cached() -> None:
    users = Users({"alice": hashed(b"secret", EXPENSIVE)}, Verified(60))
    alice = BasicCredential("alice", b"secret")
    begin = time.thread_time()
    assert users.verify(alice)
    first = time.thread_time() - begin
    assert cpu(lambda: users.verify(alice)) < first / 20
    assert users.verify(alice)


def test_a_wrong_password_is_never_cached() -> None:
    stored = hashed(b"secret", EXPENSIVE)
    users = Users({"alice": stored}, Verified(60))
    wrong = BasicCredential("alice", b"wrong")
    assert not users.verify(wrong)
    assert cpu(lambda: users.verify(wrong)) > cpu(lambda: bcrypt.checkpw(b"x", stored)) / 2
    assert users.verify(BasicCredential("alice", b"secret"))
    assert not users.verify(wrong)


def test_zero_seconds_disables_the_cache() -> None:
    verified = Verified(0)
    verified.add(BasicCredential("alice", b"secret"))
    assert not verified.holds(BasicCredential("alice", b"secret"))


def test_a_cached_credential_expires_even_if_it_is_used() -> None:
    clock = Clock()
    verified = Verified(60, clock)
    alice = BasicCredential("alice", b"secret")
    verified.add(alice)
    for clock.now in (1, 30, 59.9):
        assert verified.holds(alice)
    clock.now = 60
    assert not verified.holds(alice)


def test_only_the_exact_credential_is_cached() -> None:
    verified = Verified(60)
    verified.add(BasicCredential("alice", b"secret"))
    for name, password in (("alice", b"secre"), ("alic", b"e:secret"), ("bob", b"secret"), ("Alice", b"secret")):
        assert not verified.holds(BasicCredential(name, password))


def test_the_cache_holds_4096_credentials_and_evicts_the_oldest() -> None:
    verified = Verified(60)
    credentials = [BasicCredential(f"user{number}", b"secret") for number in range(MAX_VERIFIED + 1)]
    for credential in credentials:
        verified.add(credential)
    assert [credential.name for credential in credentials if not verified.holds(credential)] == ["user0"]


def test_only_the_first_72_bytes_of_a_password_count_as_in_htpasswd_and_distribution() -> None:
    users = Users({"alice": hashed(b"x" * 72, 4)}, Verified(60))
    assert users.verify(BasicCredential("alice", b"x" * 72))
    assert users.verify(BasicCredential("alice", b"x" * 73))
    assert users.verify(BasicCredential("alice", b"x" * 72 + b"y" * 10_000))
    assert not users.verify(BasicCredential("alice", b"x" * 71))


def test_a_stamp_changes_with_the_hash_and_is_the_same_in_every_process() -> None:
    stored = b"$2y$05$e7fGGZdEgQ2GeSWwwn1Dx.wnmrVnuFM9.889KGTe8K/HJTAB118w2"
    assert Users({"alice": stored}, Verified(60)).stamp("alice") == "b6259c085c1de396"
    assert Users({"alice": stored[:-1] + b"u"}, Verified(60)).stamp("alice") not in (None, "b6259c085c1de396")
    assert Users({}, Verified(60)).stamp("alice") is None


def test_a_flood_of_wrong_passwords_is_limited_to_the_allowed_cores() -> None:
    users = Users({"alice": hashed(b"secret", EXPENSIVE)}, Verified(60), threading.BoundedSemaphore(1))
    begin, spent = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: users.verify(BasicCredential("alice", b"%d" % n)), range(16)))
    assert not any(answers)
    assert (time.process_time() - spent) / (time.perf_counter() - begin) < 1.2


def test_cached_credentials_do_not_wait_during_a_flood() -> None:
    users = Users({"alice": hashed(b"secret", 13)}, Verified(60), threading.BoundedSemaphore(1))
    assert users.verify(BasicCredential("alice", b"secret"))
    flood = threading.Thread(target=users.verify, args=[BasicCredential("alice", b"wrong")])
    flood.start()
    answers = {users.verify(BasicCredential("alice", b"secret")) for _ in range(50)}
    assert flood.is_alive()
    flood.join()
    assert answers == {True}


def test_concurrent_logins_share_one_computation() -> None:
    stored = hashed(b"secret", EXPENSIVE)
    users = Users({"alice": stored}, Verified(60), threading.BoundedSemaphore(1))
    one = cpu(lambda: bcrypt.checkpw(b"secret", stored))
    start = threading.Barrier(16)

    def log_in(_: int) -> bool:
        start.wait(10)
        return users.verify(BasicCredential("alice", b"secret"))

    spent = time.process_time()
    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(log_in, range(16)))
    assert time.process_time() - spent < 6 * one
