"""Parameters of generated traces."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from statistics import NormalDist
from typing import Final

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace.record import MAX_BLOB_SIZE, MIN_BLOB_SIZE

__all__ = ["LayerSizes", "Shape"]

_MAX: Final = 10_000_000


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise BenchmarkError(f"{name} of a generated trace is {value}: expected {least:g} to {most:g}")


@dataclass(frozen=True, slots=True)
class LayerSizes:
    """Distribution of layer sizes in bytes: lognormal, with the upper fraction ``tail`` replaced by a Pareto tail.

    - ``median`` and ``sigma``: parameters of the body; sigma is the standard deviation of the natural logarithm.
    - ``alpha``: parameter of the tail; near 1, few layers contain most bytes.
    - ``least``, ``most``: minimum and maximum size; other values are clipped.
    """

    median: int = 100_000
    sigma: float = 1.5
    tail: float = 0.05
    alpha: float = 1.1
    least: int = 128
    most: int = 100_000_000

    def __post_init__(self) -> None:
        _check("least", self.least, MIN_BLOB_SIZE, MAX_BLOB_SIZE)
        _check("most", self.most, self.least, MAX_BLOB_SIZE)
        _check("median", self.median, self.least, self.most)
        _check("sigma", self.sigma, 0, 10)
        _check("tail", self.tail, 0, 0.5)
        _check("alpha", self.alpha, 0.1, 100)

    def draw(self, random: Random) -> int:
        """Draw the size of a layer."""
        body = NormalDist(math.log(self.median), self.sigma or 1e-9)
        if random.random() < self.tail:
            drawn = math.exp(body.inv_cdf(1 - self.tail)) * random.paretovariate(self.alpha)
        else:
            drawn = math.exp(body.inv_cdf(random.uniform(1e-12, 1 - self.tail - 1e-12)))
        return int(min(max(drawn, self.least), self.most))


@dataclass(frozen=True, slots=True)
class Shape:
    """The parameters of a generated trace.

    - ``requests``: number of requests; ``repositories``: number of repositories.
    - ``images``: initial images per repository; ``blobs``: number of layers shared by all of these.
    - ``zipf``: the exponent s of popularity; the repository at rank r is used in proportion to r^-s, and so are shared
      layers, and the tags of a repository, the newest first.
    - ``pushes``: fraction of pushes among pushes and pulls; ``checks``: fraction of pulls that end after the HEAD,
      because nothing is new; ``lists``: number of tag lists per push or pull.
    - ``layers``: average number of layers of an initial image; ``cached``: fraction of layers that a pulling client
      already has.
    - ``rate``: pushes and pulls per second, as a Poisson process; ``pause``: average seconds between two requests of a
      client.

    Raises BenchmarkError if a value is out of range.
    """

    requests: int = 10_000
    repositories: int = 50
    images: int = 4
    blobs: int = 400
    zipf: float = 1.0
    pushes: float = 0.1
    checks: float = 0.3
    lists: float = 0.02
    layers: float = 6
    cached: float = 0.4
    rate: float = 20.0
    pause: float = 0.01
    sizes: LayerSizes = LayerSizes()

    def __post_init__(self) -> None:
        for name in ("requests", "repositories", "images", "blobs"):
            _check(name, getattr(self, name), 1, _MAX)
        _check("zipf", self.zipf, 0, 10)
        for name in ("pushes", "checks", "cached", "lists"):
            _check(name, getattr(self, name), 0, 1)
        _check("layers", self.layers, 1, 60)
        _check("rate", self.rate, 1e-6, 1e6)
        _check("pause", self.pause, 1e-6, 3600)
