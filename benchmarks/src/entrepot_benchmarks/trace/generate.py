"""Generation of random traces, reproducible for a seed."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random

from entrepot_benchmarks.trace.catalog import Blob, Catalog, Repository
from entrepot_benchmarks.trace.record import Kind, Record
from entrepot_benchmarks.trace.shape import Shape

__all__ = ["generate"]

_Request = tuple[Kind, str, str, int | None, tuple[str, ...]]


def generate(seed: int, shape: Shape) -> Iterator[Record]:
    """Generate the interleaved requests of many clients in the order of their times.

    A pull is a HEAD of a manifest and, if it is new to the client, GETs of the manifest, the config and the missing
    layers. A push is a HEAD of each blob, PUTs of the missing ones, and a PUT of the manifest. The same seed and shape
    generate the same requests.
    """
    random = Random(seed)  # noqa: S311 - reproducible, not a secret
    catalog = Catalog(shape, random)
    numbers, left = count(), shape.requests
    waiting: list[tuple[float, int, Iterator[_Request] | None]] = [(0.0, next(numbers), None)]
    while left:
        time, number, client = heappop(waiting)
        if client is None:  # the next one arrives
            heappush(waiting, (time, next(numbers), _client(catalog, shape, random)))
            heappush(waiting, (time + random.expovariate(shape.rate), number, None))
        elif (request := next(client, None)) is not None:
            yield Record(round(time, 6), *request)
            left -= 1
            heappush(waiting, (time + random.expovariate(1 / shape.pause), number, client))


def _client(catalog: Catalog, shape: Shape, random: Random) -> Iterator[_Request]:
    repository = catalog.choose()
    if random.random() < shape.lists:
        yield "GET tags", repository.name, "", None, ()
    if random.random() < shape.pushes:
        yield from _push(catalog, repository)
    else:
        yield from _pull(catalog, repository, shape, random)


def _pull(catalog: Catalog, repository: Repository, shape: Shape, random: Random) -> Iterator[_Request]:
    tag = catalog.choose_tag(repository)
    yield "HEAD manifest", repository.name, tag, repository.images[tag].size, ()
    if random.random() < shape.checks:
        return
    image = repository.images[tag]  # looked up again: another client may have pushed it since the HEAD
    yield "GET manifest", repository.name, tag, image.size, ()
    yield _blob("GET blob", repository, image.config)
    for layer in image.layers:
        if random.random() >= shape.cached:
            yield _blob("GET blob", repository, layer)


def _push(catalog: Catalog, repository: Repository) -> Iterator[_Request]:
    tag, image, new = catalog.build(repository)
    for blob in image.blobs:
        if blob in new:
            yield "HEAD blob", repository.name, blob.name, None, ()
            yield _blob("PUT blob", repository, blob)
        else:
            yield _blob("HEAD blob", repository, blob)
    repository.push(tag, image)
    yield "PUT manifest", repository.name, tag, image.size, tuple(blob.name for blob in image.blobs)


def _blob(kind: Kind, repository: Repository, blob: Blob) -> _Request:
    return kind, repository.name, blob.name, blob.size, ()
