"""The references of a manifest are checked once each, and concurrently if the storage is slow."""

from __future__ import annotations

import time
from threading import Lock

from host.tests.storage.counting import CountingDriver
from support.content import descriptor, digest_of, encoded, image, index
from support.host import Process, memory

from entrepot.registry.manifest import OCI_MANIFEST
from entrepot_contract import ObjectInfo, Reader, StorageDriver

SECONDS = 0.005


class Slow(CountingDriver):
    """Delays each read and stat, as a remote store would, and counts those that overlap."""

    def __init__(self, wrapped: StorageDriver) -> None:
        super().__init__(wrapped)
        self.running = self.most = 0
        self._running_lock = Lock()

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        self._wait()
        return super().read(key, offset=offset, length=length)

    def stat(self, key: str) -> ObjectInfo:
        self._wait()
        return super().stat(key)

    def _wait(self) -> None:
        with self._running_lock:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(SECONDS)
        with self._running_lock:
            self.running -= 1


def test_many_references_are_checked_concurrently_if_the_storage_is_slow() -> None:
    driver = memory()
    pusher = Process(driver)
    pusher.push_blob("app", b"{}")
    layers = [b"layer %d" % number for number in range(150)]
    for layer in layers:
        pusher.push_blob("app", layer)
    slow = Slow(driver)
    host = Process(slow)
    host.push_manifest("app", "latest", image(layers=[descriptor(layer) for layer in layers]))
    # The two last stats check the revision and the tag.
    assert dict(slow.calls) == {"read": 151, "stat": 151 + 2, "put": 4}
    assert 4 < slow.most <= 16
    refused = host.put_manifest("app", "latest", image(layers=[descriptor(b"%d" % number) for number in range(150)]))
    assert len(refused.json["errors"][0]["detail"]) == 100


def test_a_reference_that_is_repeated_in_a_manifest_is_checked_once() -> None:
    driver = memory()
    pusher = Process(driver)
    pusher.push_blob("app", b"{}")
    content = encoded(image())
    pusher.push_manifest("app", digest_of(content), content)
    counting = CountingDriver(driver)
    Process(counting).push_manifest("app", "latest", index(*[descriptor(content, OCI_MANIFEST)] * 20))
    assert dict(counting.calls) == {"read": 2, "stat": 1 + 2, "put": 4}
