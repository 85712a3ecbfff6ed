"""Clients that push continuously and record every response."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from random import Random

from support.content import digest_of
from support.images import Package, package
from support.services.network import accepts
from support.services.registry import Registry
from support.wire import Answer, WireError

__all__ = ["Attempt", "Pusher"]


@dataclass(slots=True)
class Attempt:
    """An image that a client tried to push, and which parts got a 201 response."""

    tag: str
    image: Package
    blobs_created: set[str] = field(default_factory=set)
    created: bool = False


class Pusher(threading.Thread):
    """Push small images to one repository until ``stop`` is called.

    A broken connection ends an attempt and is counted by ``interrupted``. ``surprises`` are responses that a push must
    never get.
    """

    def __init__(self, registry: Registry, repository: str, seed: int) -> None:
        super().__init__(name=f"pusher of {repository}")
        self.repository = repository
        self.attempts: list[Attempt] = []
        self.interrupted = 0
        self.surprises: list[Answer] = []
        self._registry = registry
        self._wire = registry.wire
        self._random = Random(seed)  # noqa: S311  # content and delays, not secrets
        self._stopped = threading.Event()

    def run(self) -> None:
        # The pauses leave time to a host that is starting, and keep the number of images to verify small.
        while not self._stopped.wait(self._random.uniform(0, 0.2)):
            if not accepts(self._registry.port):
                continue
            sizes = [self._random.choice((20, 5_000, 300_000, 1_000_000)) for _ in range(2)]
            image = package([self._random.randbytes(size) for size in sizes])
            attempt = Attempt(f"v{len(self.attempts)}", image)
            self.attempts.append(attempt)
            try:
                self.push(attempt)
            except WireError:
                self.interrupted += 1

    def stop(self) -> None:
        """Stop after the current attempt."""
        self._stopped.set()
        self.join()

    def push(self, attempt: Attempt) -> bool:
        """Push the parts of an image that do not exist yet. Return whether all parts were created.

        Raises WireError if a connection breaks.
        """
        for blob in attempt.image.blobs:
            if digest_of(blob) not in attempt.blobs_created and self._created(self._push_blob(blob)):
                attempt.blobs_created.add(digest_of(blob))
        answer = self._wire.push_manifest(self.repository, attempt.tag, attempt.image.manifest)
        attempt.created = self._created(answer)
        return attempt.created

    def _push_blob(self, blob: bytes) -> Answer:
        digest = digest_of(blob)
        way = self._random.randrange(4)
        if way == 0:
            return self._wire.request("POST", f"/v2/{self.repository}/blobs/uploads/?digest={digest}", blob)
        location = self._wire.start_upload(self.repository)
        if way == 1:
            return self._wire.finish(location, digest, blob)
        if way == 2:
            return self._patched(location, digest, blob, len(blob))
        return self._patched(location, digest, blob, len(blob) // 3 + 1)

    def _patched(self, location: str, digest: str, blob: bytes, size: int) -> Answer:
        for start in range(0, len(blob), size):
            answer = self._wire.patch(location, blob[start : start + size], start)
            if answer.status != 202:
                return answer
            location = answer.location
        return self._wire.finish(location, digest)

    def _created(self, answer: Answer) -> bool:
        if answer.status != 201:
            self.surprises.append(answer)
        return answer.status == 201
