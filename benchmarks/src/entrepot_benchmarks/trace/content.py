"""The content of a replay, derived from the names in the trace and the turn."""

from __future__ import annotations

import hashlib
import json
import os
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

import psutil

from entrepot.registry.names import Hasher
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.image import IMAGE_MANIFEST
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.trace.plan import OWN_CONFIG

__all__ = ["Content", "Manifest", "Pool"]

# Not the media type of an image config, which requires JSON and is parsed by some registries.
_CONFIG: Final = "application/vnd.entrepot.trace.config.v1"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
_TAIL: Final = 64
_BLOCK: Final = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of a manifest; ``mark`` is a unique part of it."""

    data: bytes
    mark: bytes

    @property
    def digest(self) -> str:
        """The digest."""
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"


class Pool:
    """Random data in memory, as long as the largest blob, and its running digest at each size.

    Every blob is a prefix of this data followed by a unique tail, so only the tail has to be hashed. Raises
    BenchmarkError if there is not enough memory.
    """

    def __init__(self, sizes: Iterable[int]) -> None:
        heads = sorted({size - _tail(size) for size in sizes})
        free = psutil.virtual_memory().available
        if heads[-1] > free // 2:
            raise BenchmarkError(
                f"the largest blob has {heads[-1] + _TAIL} bytes, which are kept in memory, but only {free} bytes are "
                "free: use a trace with smaller blobs, or a machine with twice as much free memory as the largest blob"
            )
        self.file = os.memfd_create("trace")
        weakref.finalize(self, os.close, self.file)
        self._heads: dict[int, Hasher] = {}
        block = memoryview(Random(0).randbytes(min(_BLOCK, heads[-1])))  # noqa: S311 - padding, not a secret
        running, filled = hashlib.sha256(), 0
        for head in heads:
            while filled < head:
                offset = filled % _BLOCK
                part = block[offset : offset + head - filled]
                os.write(self.file, part)
                running.update(part)
                filled += len(part)
            self._heads[head] = running.copy()

    def payload(self, size: int, tail: bytes) -> Payload:
        """Return the blob of one of the sizes, with a tail of 64 bytes, which is truncated for shorter blobs."""
        tail = tail[: _tail(size)]
        head = size - len(tail)
        hasher = self._heads[head].copy()
        hasher.update(tail)
        return Payload(self.file, size, tail, f"sha256:{hasher.hexdigest()}")


class Content:
    """The blobs and manifests of a turn.

    ``run`` is unique, and ``turn`` is unique within the run. The content depends on both, except for the blobs in
    ``lasting``, which are the same in each turn.
    """

    def __init__(self, pool: Pool, sizes: Mapping[str, int], lasting: Iterable[str], run: str, turn: str) -> None:
        kept = set(lasting)
        self._secret = f"{run} {turn}"
        self.blobs: Mapping[str, Payload] = {
            name: pool.payload(
                size, hashlib.sha512(f"{run if name in kept else self._secret} {name}".encode()).digest()
            )
            for name, size in sizes.items()
        }

    def manifest(self, repository: str, tag: str, version: int, size: int, blobs: tuple[str, ...] = ()) -> Manifest:
        """Return a manifest of ``size`` bytes, or more if its references need more."""
        mark = self.mark(repository, tag, version)
        config, *layers = blobs or (OWN_CONFIG,)
        document = {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": self._descriptor(_CONFIG, config),
            "layers": [self._descriptor(_LAYER, name) for name in layers or (config,)],
            "annotations": {"entrepot.trace": mark.decode(), "entrepot.filling": ""},
        }
        data, end = json.dumps(document).encode(), len('"}}')
        data = data[:-end] + b"x" * (size - len(data)) + data[-end:]
        return Manifest(data, mark)

    def mark(self, repository: str, tag: str, version: int) -> bytes:
        """Return a text that only this version of a manifest contains."""
        return f"{self._secret} {repository}:{tag} version {version};".encode()

    def _descriptor(self, media_type: str, name: str) -> dict[str, str | int]:
        blob = self.blobs[name]
        return {"mediaType": media_type, "digest": blob.digest, "size": blob.size}


def _tail(size: int) -> int:
    return min(size, _TAIL)
