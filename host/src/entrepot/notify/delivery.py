"""Delivery to one endpoint: in order within a repository, concurrent across repositories; and its retry times."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from entrepot.config.notifications import EndpointConfig
from entrepot.notify.model import EVENT, Settled, Waiting
from entrepot.notify.outbox import Outbox
from entrepot_contract.notify import NotificationSink, Rejected, Undelivered

__all__ = ["Delivery", "Schedule"]

_LOOK_SECONDS: Final = 0.1
_ROUND: Final = 256
_ROUND_SECONDS: Final = 1.0
_BROKEN_SECONDS: Final = 1.0
_MAX_BACKOFF_SECONDS: Final = 300.0
_MAX_RETRY_AFTER_SECONDS: Final = 3600.0

_log = logging.getLogger(__name__)


class Delivery:
    """The delivery loop of one endpoint, in its own thread and independent of other endpoints.

    ``observe`` is called with the duration in seconds of each successful delivery.
    """

    def __init__(
        self,
        settings: EndpointConfig,
        sink: NotificationSink,
        outbox: Outbox,
        observe: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._outbox = outbox
        self._observe = observe
        self._schedule = Schedule(settings.threshold, settings.backoff)
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(settings.concurrency, thread_name_prefix=settings.name)
        self._thread = threading.Thread(target=self._run, name=settings.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Start no more deliveries."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the last delivery and close the sink."""
        self._thread.join()
        self._pool.shutdown()
        self._sink.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                wait = self._round()
            except (sa.exc.DBAPIError, OSError) as error:
                _log.error("outbox not accessible: endpoint=%s error=%s", self._settings.name, error)
                wait = _BROKEN_SECONDS
            except Exception:  # noqa: BLE001 - without this thread nothing would be delivered to the endpoint
                _log.exception("delivery loop failed, will retry: endpoint=%s", self._settings.name)
                wait = _BROKEN_SECONDS
            self._stop.wait(wait)

    def _round(self) -> float:
        """Send pending deliveries; returns how many seconds to wait before the next round."""
        if self._schedule.wait:
            return self._schedule.wait
        limit = 1 if self._schedule.probing else _ROUND
        waiting = self._outbox.pending(self._settings.name, limit=limit, without=self._schedule.held_back())
        if not waiting:
            return _LOOK_SECONDS
        lanes: dict[str, list[Waiting]] = {}
        for one in waiting:
            lanes.setdefault(one.repository, []).append(one)
        settled = Settled()
        until = time.monotonic() + _ROUND_SECONDS
        for part in self._pool.map(lambda lane: self._send(lane, until), lanes.values()):
            settled.delivered += part.delivered
            settled.failed.update(part.failed)
            settled.dead.update(part.dead)
        too_old = self._settings.deadletter.age if settled.failed else None
        self._outbox.settle(self._settings.name, settled, too_old=too_old)
        return 0

    def _send(self, lane: Sequence[Waiting], until: float) -> Settled:
        settled = Settled()
        for batch in _parts(lane, self._settings.batch):
            if self._stop.is_set() or self._schedule.wait or time.monotonic() > until:
                break
            if not self._send_batch(batch, settled):
                break
        return settled

    def _send_batch(self, batch: Sequence[Waiting], settled: Settled) -> bool:
        """Send one batch; returns whether the next one may be sent."""
        began = time.monotonic()
        try:
            self._sink.deliver([EVENT.validate_json(one.body) for one in batch], self._settings.timeout)
        except Rejected as error:
            if len(batch) > 1:  # find the rejected event, so that only that one becomes dead
                return all(self._send_batch([one], settled) for one in batch)
            settled.dead[batch[0].seq] = str(error)
            _log.error("event rejected, delivery is dead: endpoint=%s error=%s", self._settings.name, error)
            self._schedule.succeeded()
        except Undelivered as error:
            self._failed(batch, settled, error, str(error))
            return False
        except Exception as error:  # noqa: BLE001 - a sink may raise anything; the events stay pending
            if len(batch) > 1:  # as above: deliver the others
                return all(self._send_batch([one], settled) for one in batch)
            _log.exception("sink raised an unexpected exception: endpoint=%s", self._settings.name)
            self._failed(batch, settled, Undelivered(repr(error)), f"{type(error).__name__} in the sink")
            return False
        else:
            self._observe(time.monotonic() - began)
            settled.delivered += [one.seq for one in batch]
            self._schedule.succeeded()
        return True

    def _failed(self, batch: Sequence[Waiting], settled: Settled, error: Undelivered, message: str) -> None:
        first = batch[0]
        _log.warning("delivery failed, will retry: endpoint=%s error=%s", self._settings.name, message)
        self._schedule.failed(first.repository, first.attempts, error.retry_after)
        limit = self._settings.deadletter.attempts
        for one in batch:
            if limit and one.attempts + 1 >= limit:
                settled.dead[one.seq] = message
            else:
                settled.failed[one.seq] = message


def _parts(lane: Sequence[Waiting], size: int) -> Iterator[Sequence[Waiting]]:
    for start in range(0, len(lane), size):
        yield lane[start : start + size]


class Schedule:
    """When to retry after failures of an endpoint; thread-safe.

    After ``threshold`` failures in a row nothing is sent for a while, and then a single delivery until one succeeds.
    """

    def __init__(self, threshold: int, backoff: timedelta) -> None:
        self._threshold = threshold
        self._backoff = backoff.total_seconds()
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0
        self._repositories: dict[str, float] = {}

    def succeeded(self) -> None:
        """Record a successful delivery."""
        with self._lock:
            self._failures = 0

    def failed(self, repository: str, attempts: int, retry_after: timedelta | None) -> None:
        """Record a failed delivery of a repository, after ``attempts`` earlier attempts."""
        now = time.monotonic()
        asked = min(retry_after.total_seconds(), _MAX_RETRY_AFTER_SECONDS) if retry_after is not None else 0.0
        with self._lock:
            self._failures += 1
            self._repositories[repository] = now + self._delay(attempts)
            if self._failures >= self._threshold or asked:
                wait = max(asked, self._delay(max(0, self._failures - self._threshold)))
                self._closed_until = max(self._closed_until, now + wait)

    @property
    def wait(self) -> float:
        """Seconds until anything may be sent."""
        return max(0.0, self._closed_until - time.monotonic())

    @property
    def probing(self) -> bool:
        """Whether only a single delivery may be sent, to check whether the endpoint has recovered."""
        return self._failures >= self._threshold

    def held_back(self) -> list[str]:
        """Returns the repositories that must not be sent to yet."""
        now = time.monotonic()
        with self._lock:
            if not self.probing:
                self._repositories = {name: due for name, due in self._repositories.items() if due > now}
                return list(self._repositories)
            # The endpoint as a whole has failed, and its own wait is over.
            self._repositories.clear()
            return []

    def _delay(self, attempts: int) -> float:
        limit = min(_MAX_BACKOFF_SECONDS, self._backoff * 2 ** min(attempts, 30))
        return random.uniform(0, limit)  # noqa: S311 - spreads the retries of many hosts; not security-relevant
