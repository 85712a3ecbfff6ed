"""Content pushed while requests are counted. It is random, so it cannot exist already and can be removed safely."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Final

from entrepot_benchmarks.load.image import digest_of, manifest_of

__all__ = ["SMALL", "Content", "random_blob", "random_image"]

SMALL: Final = 10_000
"""Size of a layer, in bytes."""

_BLOCK: Final = 2**20


@dataclass(frozen=True, slots=True)
class Content:
    """The blobs of an image by digest, layers first, and its manifest."""

    blobs: dict[str, bytes]
    manifest: bytes


def random_blob(size: int) -> bytes:
    """Return a unique blob: random bytes, repeated in a large one, because generating them is slower than a push."""
    block = os.urandom(min(size, _BLOCK))
    return (block * (-(-size // _BLOCK)))[:size]


def random_image(layers: int) -> Content:
    """Return an image with random layers; its config is unique too, even without layers."""
    contents = [os.urandom(SMALL) for _ in range(layers)]
    rootfs = {"type": "layers", "diff_ids": [digest_of(content) for content in contents]}
    fields = {"architecture": "amd64", "os": "linux", "author": os.urandom(32).hex(), "rootfs": rootfs}
    config = json.dumps(fields).encode()
    manifest = manifest_of(config, [(digest_of(content), len(content)) for content in contents])
    return Content({digest_of(data): data for data in (*contents, config)}, manifest)
