"""Rate limits per client; every worker process counts separately."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from entrepot.errors import TooManyRequests

__all__ = ["LimitSettings", "Limits"]

_MAX_SUSPECTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Limits; None means unlimited.

    - ``per_address``, ``per_identity``: requests per time.
    - ``failed_logins``: rejected passwords from one address per time.
    - ``uploads``: simultaneous requests with a body (blob, manifest, token form) in one worker.
    """

    per_address: RateLimitItem | None = None
    per_identity: RateLimitItem | None = None
    failed_logins: RateLimitItem | None = None
    uploads: int | None = None


class Limits:
    """Counts requests, and raises TooManyRequests with the seconds to wait."""

    def __init__(self, settings: LimitSettings) -> None:
        self._settings = settings
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._suspects: set[str] | None = set()
        """Addresses with failed logins; None if there are too many to store, so that all addresses are checked."""
        self._uploads = None if settings.uploads is None else threading.BoundedSemaphore(settings.uploads)

    @property
    def any(self) -> bool:
        """Whether there are limits that apply regardless of the identity."""
        return self._settings.per_address is not None or self._uploads is not None

    def request_from(self, address: str) -> None:
        """Count a request from an address."""
        self._count(self._settings.per_address, "address", address)

    def request_of(self, identity: str) -> None:
        """Count a request of an identity."""
        self._count(self._settings.per_identity, "identity", identity)

    def before_login(self, address: str) -> None:
        """Raise TooManyRequests for an address with too many failed logins, whether the password is right or wrong."""
        rate = self._settings.failed_logins
        # The check costs a tenth of a small request, and most addresses never had a failed login.
        if rate is None or (self._suspects is not None and address not in self._suspects):
            return
        if not self._limiter.test(rate, "login", address):
            raise self._too_many(rate, "login", address, "too many failed logins")

    def failed_login(self, address: str) -> None:
        """Count a failed login from an address."""
        rate = self._settings.failed_logins
        if rate is not None:
            self._suspect(address)
            self._limiter.hit(rate, "login", address)

    def begin_upload(self) -> None:
        """Count the start of an upload; must be followed by ``end_upload``."""
        if self._uploads is not None and not self._uploads.acquire(blocking=False):
            raise TooManyRequests("too many uploads at the same time", headers={"Retry-After": "5"})

    def end_upload(self) -> None:
        """Count the end of an upload."""
        if self._uploads is not None:
            self._uploads.release()

    def _suspect(self, address: str) -> None:
        if self._suspects is not None:
            self._suspects.add(address)
            if len(self._suspects) > _MAX_SUSPECTS:
                self._suspects = None

    def _count(self, rate: RateLimitItem | None, kind: str, client: str) -> None:
        if rate is not None and not self._limiter.hit(rate, kind, client):
            raise self._too_many(rate, kind, client, f"more than {rate}")

    def _too_many(self, rate: RateLimitItem, kind: str, client: str, detail: str) -> TooManyRequests:
        seconds = self._limiter.get_window_stats(rate, kind, client).reset_time - time.time()
        return TooManyRequests(detail, headers={"Retry-After": str(max(1, math.ceil(seconds)))})
