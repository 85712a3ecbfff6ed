"""Rate limits, and their Retry-After."""

from __future__ import annotations

import pytest
from limits import parse

from entrepot.access import Limits
from entrepot.access.limits import LimitSettings
from entrepot.errors import TooManyRequests


def _wait(caught: pytest.ExceptionInfo[TooManyRequests]) -> int:
    return int(caught.value.headers["Retry-After"])


def test_each_address_and_each_identity_is_counted_separately() -> None:
    limits = Limits(LimitSettings(per_address=parse("2/minute"), per_identity=parse("3/minute")))
    for _ in range(2):
        limits.request_from("192.0.2.1")
    with pytest.raises(TooManyRequests) as caught:
        limits.request_from("192.0.2.1")
    assert 1 <= _wait(caught) <= 60
    limits.request_from("192.0.2.2")
    for _ in range(3):
        limits.request_of("192.0.2.1")
    with pytest.raises(TooManyRequests):
        limits.request_of("192.0.2.1")


def test_only_failed_logins_count_but_then_valid_ones_are_limited_too() -> None:
    limits = Limits(LimitSettings(failed_logins=parse("2/hour")))
    for _ in range(10):
        limits.before_login("192.0.2.1")
    for _ in range(2):
        limits.failed_login("192.0.2.1")
    with pytest.raises(TooManyRequests) as caught:
        limits.before_login("192.0.2.1")
    assert 60 < _wait(caught) <= 3600
    limits.before_login("192.0.2.2")


def test_an_address_is_limited_among_any_number_of_others() -> None:
    limits = Limits(LimitSettings(failed_logins=parse("1/hour")))
    limits.failed_login("192.0.2.1")
    for number in range(11_000):
        limits.failed_login(f"2001:db8::{number:x}")
    limits.failed_login("192.0.2.2")
    for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1"):
        with pytest.raises(TooManyRequests):
            limits.before_login(address)
    limits.before_login("192.0.2.3")


def test_uploads_beyond_the_limit_are_rejected_until_one_ends() -> None:
    limits = Limits(LimitSettings(uploads=2))
    limits.begin_upload()
    limits.begin_upload()
    with pytest.raises(TooManyRequests) as caught:
        limits.begin_upload()
    assert _wait(caught) > 0
    limits.end_upload()
    limits.begin_upload()


def test_nothing_is_limited_by_default() -> None:
    limits = Limits(LimitSettings())
    for _ in range(1000):
        limits.request_from("192.0.2.1")
        limits.request_of("alice")
        limits.failed_login("192.0.2.1")
        limits.begin_upload()
    limits.before_login("192.0.2.1")
    limits.end_upload()
