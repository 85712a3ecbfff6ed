"""Telling one endpoint its events: those of a repository in order, those of several at the same time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import sqlalchemy as sa

from entrepot.notify.outbox import EVENT, Outbox, Settled, Waiting
from entrepot.notify.schedule import Schedule
from entrepot.notify.settings import EndpointSettings
from entrepot_contract.notify import NotificationSink, Rejected, Undelivered

__all__ = ["Delivery"]

_LOOK_SECONDS: Final = 0.1
_ROUND: Final = 256
_ROUND_SECONDS: Final = 1.0
_BROKEN_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class Delivery:
    """The loop of one endpoint, in a thread of its own; what it does depends on no other endpoint.

    ``observe`` is told the seconds of each delivery that was taken.
    """

    def __init__(
        self,
        settings: EndpointSettings,
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
        """Begin no more deliveries."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the last one."""
        self._thread.join()
        self._pool.shutdown()
        self._sink.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                wait = self._round()
            except (sa.exc.DBAPIError, OSError) as error:
                _log.error("the outbox cannot be read or written for endpoint %s: %s", self._settings.name, error)
                wait = _BROKEN_SECONDS
            except Exception:  # noqa: BLE001 - without this thread nothing is delivered to the endpoint any more
                _log.exception("the deliveries of endpoint %s failed; they are tried again", self._settings.name)
                wait = _BROKEN_SECONDS
            self._stop.wait(wait)

    def _round(self) -> float:
        """Send what is due, and answer how long to wait."""
        if self._schedule.wait:
            return self._schedule.wait
        most = 1 if self._schedule.probing else _ROUND
        waiting = self._outbox.pending(self._settings.name, most=most, without=self._schedule.held_back())
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
        too_old = self._settings.dead_age if settled.failed else None
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
        """Whether the next may be sent."""
        began = time.monotonic()
        try:
            self._sink.deliver([EVENT.validate_json(one.body) for one in batch], self._settings.timeout)
        except Rejected as error:
            if len(batch) > 1:  # one of them may be to blame, and only that one shall die
                return all(self._send_batch([one], settled) for one in batch)
            settled.dead[batch[0].seq] = str(error)
            _log.error("endpoint %s will not take an event, which is dead now: %s", self._settings.name, error)
            self._schedule.taken()
        except Undelivered as error:
            self._failed(batch, settled, error, str(error))
            return False
        except Exception as error:  # noqa: BLE001 - a sink may fail in any way, and the events stay
            if len(batch) > 1:  # as above: the others are delivered
                return all(self._send_batch([one], settled) for one in batch)
            _log.exception("the sink of endpoint %s broke its contract", self._settings.name)
            self._failed(batch, settled, Undelivered(repr(error)), f"{type(error).__name__} in the sink")
            return False
        else:
            self._observe(time.monotonic() - began)
            settled.delivered += [one.seq for one in batch]
            self._schedule.taken()
        return True

    def _failed(self, batch: Sequence[Waiting], settled: Settled, error: Undelivered, told: str) -> None:
        first = batch[0]
        _log.warning("endpoint %s took no event, and is told again: %s", self._settings.name, told)
        self._schedule.failed(first.repository, first.attempts, error.retry_after)
        most = self._settings.dead_attempts
        for one in batch:
            if most and one.attempts + 1 >= most:
                settled.dead[one.seq] = told
            else:
                settled.failed[one.seq] = told


def _parts(lane: Sequence[Waiting], size: int) -> Iterator[Sequence[Waiting]]:
    for start in range(0, len(lane), size):
        yield lane[start : start + size]
