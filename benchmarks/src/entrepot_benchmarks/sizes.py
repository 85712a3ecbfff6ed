"""How large a run is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Sizes"]


@dataclass(frozen=True, slots=True)
class Sizes:
    """The large blob in MiB, the seconds of each wrk run, how often everything is repeated."""

    large: int
    seconds: int
    images_per_client: int
    rounds: int
    memory_rounds: int


FULL = Sizes(large=256, seconds=2, images_per_client=15, rounds=5, memory_rounds=2)
QUICK = Sizes(large=64, seconds=1, images_per_client=5, rounds=3, memory_rounds=1)
