"""A small, correct sink over HTTP: the base class of the broken ones. Its bad places speak the protocol of lines."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar

from contract.tests.honest_sink import HonestSink, LinesOptions, left

from entrepot_contract import DriverOptions
from entrepot_contract.events import Event
from entrepot_contract.notify import Rejected, Undelivered


class HttpOptions(LinesOptions):
    """Whether the port is of HTTP."""

    http: bool = False


class Connection(http.client.HTTPConnection):
    """A connection whose every wait ends at a time."""

    until = 0.0

    def connect(self) -> None:
        self.timeout = left(self.until)
        super().connect()


class HttpSink(HonestSink):
    """Events as JSON in one POST; endpoints that the kit does not serve itself take lines."""

    name: ClassVar[str] = "honest-http"
    Options: ClassVar[type[DriverOptions]] = HttpOptions

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        until = time.monotonic() + timeout.total_seconds()
        if not (isinstance(self.options, HttpOptions) and self.options.http):
            super().deliver(events, timeout)
            return
        try:
            answer = self.post(self.body(events), until)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Undelivered(f"port {self.options.port} did not accept the events: {type(error).__name__}") from None
        self.judge_status(*answer)

    def body(self, events: Sequence[Event]) -> bytes:
        return json.dumps([self.record(event) for event in events]).encode()

    def record(self, event: Event) -> dict[str, object]:
        return {
            "id": self.id_of(event),
            "action": event.action,
            "repository": event.repository,
            "tag": event.tag,
            "digest": event.target.digest if event.target is not None else None,
            "from": event.from_repository,
        }

    @contextlib.contextmanager
    def open(self, until: float) -> Iterator[Connection]:
        connection = Connection("127.0.0.1", self.options.port)
        connection.until = until
        # Whatever the endpoint does, the socket ends when the time is over.
        timer = threading.Timer(max(until - time.monotonic(), 0.001), self.cut, [connection])
        timer.daemon = True
        timer.start()
        try:
            yield connection
        finally:
            timer.cancel()
            timer.join()
            connection.close()

    def cut(self, connection: Connection) -> None:
        if connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(2)

    def post(self, body: bytes, until: float) -> tuple[int, str | None]:
        """Return the status, and the wait that is asked for."""
        with self.open(until) as connection:
            connection.request("POST", "/kit/events", body, self.headers())
            response = connection.getresponse()
            response.read()
            left(until)
            return response.status, response.getheader("Retry-After")

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.options.token.get_secret_value()}", "Connection": "close"}

    def judge_status(self, status: int, hint: str | None) -> None:
        if 200 <= status < 300:
            return
        if status in {400, 410, 413, 422}:
            raise Rejected(f"port {self.options.port} answered {status}")
        raise Undelivered(f"port {self.options.port} answered {status}", retry_after=self.wait(hint))

    def wait(self, hint: str | None) -> timedelta | None:
        if hint is None:
            return None
        try:
            return max(timedelta(seconds=int(hint)), timedelta())
        except (ValueError, OverflowError):
            pass
        try:
            return max(parsedate_to_datetime(hint) - datetime.now(UTC), timedelta())
        except (ValueError, TypeError):
            return None
