"""Runs one operation of each kind, counting each separately."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from entrepot.registry import layout
from entrepot_benchmarks.cost import titles
from entrepot_benchmarks.cost.content import random_blob, random_image
from entrepot_benchmarks.cost.counted import CountedDriver
from entrepot_benchmarks.cost.exchange import Count
from entrepot_benchmarks.cost.host import Host
from entrepot_benchmarks.cost.wire import Wire
from entrepot_benchmarks.load.image import digest_of
from entrepot_contract import StorageDriver

__all__ = ["Meter", "count_all"]

_TAGS: Final = 100


@dataclass(slots=True)
class Meter:
    """Counts driver calls and requests while an operation runs."""

    driver: CountedDriver
    wire: Wire
    counts: list[Count] = field(default_factory=list)

    @contextmanager
    def counting(self, operation: str) -> Iterator[None]:
        """Count the calls and requests within the block."""
        self.driver.reset()
        self.wire.take()
        yield
        calls, requests = dict(self.driver.calls), self.wire.take()
        bytes_out = self.driver.bytes_out
        self.counts.append(Count(operation=operation, calls=calls, requests=requests, bytes_out=bytes_out))


def count_all(meter: Meter, checked: StorageDriver, root: str, blob_sizes: Sequence[int]) -> None:
    """Run one operation of each kind in repositories below ``root``.

    ``checked`` is the meter's driver as wrapped by the host. Raises BenchmarkError and the driver's errors.
    """
    repository = f"{root}/a"

    def started() -> Host:
        return Host(checked)

    # The first requests of a process also fetch tokens and probe the backend, which is not part of an operation.
    started().push_blob(repository, os.urandom(64))
    _blobs(meter, started, repository, blob_sizes)
    _manifests(meter, started, repository)
    _lists(meter, checked, started, root)
    image = random_image(layers=4)
    with meter.counting(titles.PUSH_IMAGE):
        started().push_image(repository, "image", image)
    with meter.counting(titles.PULL_IMAGE):
        started().pull_image(repository, "image", image)


def _blobs(meter: Meter, started: Callable[[], Host], repository: str, sizes: Sequence[int]) -> None:
    digests: dict[int, str] = {}
    for size in sizes:
        data = random_blob(size)
        with meter.counting(titles.push_blob(size)):
            digests[size] = started().push_blob(repository, data)
    small = min(digests)
    with meter.counting(titles.get_blob(small)):
        started().get_blob(repository, digests[small])
    host = started()
    for temperature in (titles.COLD, titles.WARM):
        with meter.counting(titles.head_blob(temperature)):
            host.head_blob(repository, digests[small])


def _manifests(meter: Meter, started: Callable[[], Host], repository: str) -> None:
    image = random_image(layers=0)
    # As with a real client: the host that receives the manifest has just received its blobs.
    pusher = started()
    for blob in image.blobs.values():
        pusher.push_blob(repository, blob)
    with meter.counting(titles.PUSH_MANIFEST):
        pusher.push_manifest(repository, "manifest", image.manifest)
    host = started()
    for temperature in (titles.COLD, titles.WARM):
        with meter.counting(f"{titles.GET_MANIFEST}, {temperature}"):
            host.get_manifest(repository, "manifest")


def _lists(meter: Meter, checked: StorageDriver, started: Callable[[], Host], root: str) -> None:
    # Write the links of a hundred tags directly instead of pushing them.
    link = digest_of(os.urandom(32)).encode()
    for number in range(_TAGS):
        checked.put(layout.tag_current(f"{root}/b", f"tag-{number:03}"), link)
    with meter.counting(titles.TAGS):
        started().get(f"/v2/{root}/b/tags/list")
    # There are two repositories after the root, so the check for a next page does not reach others.
    with meter.counting(titles.CATALOG):
        started().get(f"/v2/_catalog?n=1&last={root}")
