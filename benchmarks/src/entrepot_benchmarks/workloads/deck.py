"""Images of several sizes in a mix, dealt in the same order to every target."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from random import Random

from entrepot_benchmarks.load.image import Image, image_of
from entrepot_benchmarks.load.payload import PayloadSource

__all__ = ["Deck"]


class Deck:
    """One card for each share of the mix: ``{1 MiB: 2, 10 MiB: 7, 100 MiB: 1}`` are ten cards.

    Dealt as a whole, so that no turn of few operations has more large images than another.
    """

    def __init__(self, shares: dict[int, int], layers: int = 1) -> None:
        self._layers = layers
        self._stack = ExitStack()
        self._sources = {size: PayloadSource(size) for size in shares}
        for source in self._sources.values():
            self._stack.callback(source.close)
        self._cards = [size for size, share in shares.items() for _ in range(share)]
        Random(0).shuffle(self._cards)  # noqa: S311 - a fixed order, no secret

    @property
    def sizes(self) -> Sequence[int]:
        """The sizes of the layers, in bytes."""
        return list(self._sources)

    def least(self, clients: int) -> int:
        """How many operations each client has to do, so that all together deal the whole deck."""
        return -(-len(self._cards) // clients)

    def size(self, client: int, number: int, clients: int) -> int:
        """The size that is dealt to one of so many clients for its operation of a number: card by card, in turn."""
        return self._cards[(client + number * clients) % len(self._cards)]

    def image(self, name: str, client: int, number: int, clients: int) -> Image:
        """The image that one of so many clients pushes; ``name`` is that of the turn."""
        return self.fixed(f"{name} {client} {number}", self.size(client, number, clients))

    def fixed(self, name: str, size: int) -> Image:
        """An image by its name and the size of its layers."""
        source = self._sources[size]
        return image_of([source.make(f"{name} {layer}") for layer in range(self._layers)])

    def close(self) -> None:
        """Give the memory back."""
        self._stack.close()
