"""A mix of image sizes, in the same order for every target."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from random import Random

from entrepot_benchmarks.load.image import Image, image_of
from entrepot_benchmarks.load.payload import PayloadSource

__all__ = ["SizeMix"]


class SizeMix:
    """Sizes with their counts: of ten images of ``{1 MiB: 2, 10 MiB: 7, 100 MiB: 1}`` two have 1 MiB.

    Every turn uses the complete mix, so that turns with few operations have the same number of large images.
    """

    def __init__(self, shares: dict[int, int], layers: int = 1) -> None:
        self._layers = layers
        self._stack = ExitStack()
        self._sources = {size: PayloadSource(size) for size in shares}
        for source in self._sources.values():
            self._stack.callback(source.close)
        self._cards = [size for size, share in shares.items() for _ in range(share)]
        Random(0).shuffle(self._cards)  # noqa: S311 - a fixed order, not a secret

    @property
    def sizes(self) -> Sequence[int]:
        """The sizes of the layers, in bytes."""
        return list(self._sources)

    def least(self, clients: int) -> int:
        """Return the number of operations per client that uses the complete mix."""
        return -(-len(self._cards) // clients)

    def size(self, client: int, number: int, clients: int) -> int:
        """Return the size for operation ``number`` of one of ``clients`` clients, dealt in turn."""
        return self._cards[(client + number * clients) % len(self._cards)]

    def image(self, name: str, client: int, number: int, clients: int) -> Image:
        """Return the image for operation ``number`` of one of ``clients`` clients; ``name`` is that of the turn."""
        return self.fixed(f"{name} {client} {number}", self.size(client, number, clients))

    def fixed(self, name: str, size: int) -> Image:
        """Return the image with a name and a layer size."""
        source = self._sources[size]
        return image_of([source.make(f"{name} {layer}") for layer in range(self._layers)])

    def close(self) -> None:
        """Release the memory."""
        self._stack.close()
