"""A client that retries failed requests, as registry clients do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from support.content import digest_of
from support.images import Package, package, random_files
from support.wire import Answer, Wire, WireError, with_digest

__all__ = ["PersistentClient"]

PATIENCE_SECONDS = 20
CHUNK = 400_000


class _FailedError(Exception):
    """A request was interrupted, or got a 5xx response."""


class PersistentClient(threading.Thread):
    """Push images until ``stop`` is called. ``failures`` counts the requests that failed because of kills.

    Every second blob is sent in chunks and resumes, after a failure, at the offset that the registry reports.
    """

    def __init__(self, wire: Wire, repository: str) -> None:
        super().__init__(name=f"client of {repository}")
        self.repository = repository
        self.pushed: list[Package] = []
        self.failures = 0
        self._error: Exception | None = None
        self._wire = wire
        self._stopped = threading.Event()

    def run(self) -> None:
        try:
            # Leave CPU time to a host that is starting.
            while not self._stopped.wait(0.2):
                self.pushed.append(self._push_image(len(self.pushed)))
        except Exception as error:  # noqa: BLE001 - ``stop`` raises it in the test's thread
            self._error = error

    def stop(self) -> None:
        """Stop after the current image. Raises the exception that stopped the client, if any."""
        self._stopped.set()
        self.join()
        if self._error is not None:
            raise self._error

    def _push_image(self, number: int) -> Package:
        image = package(random_files(f"{self.repository} {number}", 20, 100_000, 1_500_000))
        for position, blob in enumerate(image.blobs):
            push = self._push_in_chunks if position % 2 == 0 else self._push_monolithic
            self._retry(lambda push=push, blob=blob: push(blob))  # type: ignore[misc]  # mypy does not support defaults here
        target = f"/v2/{self.repository}/manifests/v{number}"
        self._retry(lambda: self._ask(201, "PUT", target, image.manifest))
        return image

    def _retry(self, request: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                request()
            except _FailedError:
                self.failures += 1
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
            else:
                return

    def _push_monolithic(self, blob: bytes) -> None:
        self._ask(201, "PUT", with_digest(self._start(), digest_of(blob)), blob)

    def _push_in_chunks(self, blob: bytes) -> None:
        location, start = self._start(), 0
        while start < len(blob):
            chunk = blob[start : start + CHUNK]
            headers = {"Content-Range": f"{start}-{start + len(chunk) - 1}"}
            try:
                answer = self._ask(202, "PATCH", location, chunk, headers)
            except _FailedError:
                self.failures += 1
                answer = self._ask(204, "GET", location)
            location, start = answer.location, answer.received
        self._ask(201, "PUT", with_digest(location, digest_of(blob)))

    def _start(self) -> str:
        return self._ask(202, "POST", f"/v2/{self.repository}/blobs/uploads/").location

    def _ask(
        self, expected: int, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        try:
            answer = self._wire.request(method, target, body, headers)
        except WireError as error:
            raise _FailedError(str(error)) from error
        if answer.status >= 500:
            raise _FailedError(str(answer))
        assert answer.status == expected, (method, target, answer)
        return answer
