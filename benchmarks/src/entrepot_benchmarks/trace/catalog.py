"""The images of a generated trace, their shared layers and their popularity."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, count, islice
from random import Random
from typing import Final

from entrepot_benchmarks.trace.record import MAX_BLOBS
from entrepot_benchmarks.trace.shape import Shape

__all__ = ["Blob", "Catalog", "Image", "Repository", "Zipf"]

_CONFIG_SIZES: Final = (1_000, 12_000)
_MANIFEST_SIZE: Final = (600, 260)
"""Size of a manifest without references, and of each reference, in bytes."""


class Zipf:
    """Draws ranks from 0 with probabilities proportional to ``(rank + 1) ** -exponent``."""

    def __init__(self, exponent: float) -> None:
        self._exponent = exponent
        self._sums: list[float] = []

    def draw(self, random: Random, ranks: int) -> int:
        """Draw one of ``ranks`` ranks."""
        if len(self._sums) < ranks:
            weights = ((rank + 1) ** -self._exponent for rank in range(len(self._sums), ranks))
            start = self._sums[-1] if self._sums else 0.0
            self._sums += [start + value for value in accumulate(weights)]
        return bisect(self._sums, random.random() * self._sums[ranks - 1], 0, ranks - 1)


@dataclass(frozen=True, slots=True)
class Blob:
    """The name of a blob, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image."""

    config: Blob
    layers: Sequence[Blob]

    @property
    def size(self) -> int:
        """Size of the manifest, in bytes."""
        own, each = _MANIFEST_SIZE
        return own + each * (1 + len(self.layers))

    @property
    def blobs(self) -> Sequence[Blob]:
        """All referenced blobs, the config first."""
        return (self.config, *self.layers)


@dataclass(slots=True)
class Repository:
    """The images of a repository by tag, the newest last."""

    name: str
    images: dict[str, Image] = field(default_factory=dict)

    def push(self, tag: str, image: Image) -> None:
        """Assign a tag to an image, which becomes the newest."""
        self.images.pop(tag, None)
        self.images[tag] = image


class Catalog:
    """All repositories, in order of popularity, and the layers shared by their images."""

    def __init__(self, shape: Shape, random: Random) -> None:
        self._shape = shape
        self._random = random
        self._zipf = Zipf(shape.zipf)
        self._numbers = count()
        self._shared = [self._layer() for _ in range(shape.blobs)]
        self._repositories = [Repository(f"trace/app-{rank + 1}") for rank in range(shape.repositories)]
        for repository in self._repositories:
            for number in range(shape.images):
                image = Image(self._config(), self._some_shared())
                repository.push("latest" if number == shape.images - 1 else f"v{number + 1}", image)

    def choose(self) -> Repository:
        """Draw a repository according to popularity."""
        return self._repositories[self._zipf.draw(self._random, len(self._repositories))]

    def choose_tag(self, repository: Repository) -> str:
        """Draw a tag of a repository; newer ones are more popular."""
        rank = self._zipf.draw(self._random, len(repository.images))
        return next(islice(reversed(repository.images), rank, None))

    def build(self, repository: Repository) -> tuple[str, Image, frozenset[Blob]]:
        """Create a new image with layers of the newest one. Return its tag, the image and the new blobs."""
        newest = next(reversed(repository.images.values()))
        kept = newest.layers[: self._random.randint(1, len(newest.layers))]
        added = tuple(self._layer() for _ in range(self._random.randint(1, 3)))
        image = Image(self._config(), (*kept, *added)[1 - MAX_BLOBS :])
        tag = "latest" if self._random.random() < 0.5 else f"b{next(self._numbers)}"
        return tag, image, frozenset((image.config, *added))

    def _some_shared(self) -> tuple[Blob, ...]:
        wanted = min(1 + round(self._random.expovariate(1.0) * (self._shape.layers - 1)), MAX_BLOBS - 1)
        ranks = {self._zipf.draw(self._random, len(self._shared)) for _ in range(wanted)}
        return tuple(self._shared[rank] for rank in sorted(ranks))

    def _layer(self) -> Blob:
        return Blob(f"layer-{next(self._numbers)}", self._shape.sizes.draw(self._random))

    def _config(self) -> Blob:
        return Blob(f"config-{next(self._numbers)}", self._random.randint(*_CONFIG_SIZES))
