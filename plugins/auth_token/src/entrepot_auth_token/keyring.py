"""All keys that are trusted now, wherever they come from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from entrepot_auth_token.keys import Trusted

__all__ = ["KeyRing", "Source"]

PAUSE: Final = 1.0
"""Seconds between two looks for a key that no source has, at the least."""


class Source(Protocol):
    """Where keys come from; the same object as long as they are the same."""

    def value(self) -> Trusted:
        """The keys of now."""

    def refresh(self) -> bool:
        """Look for new ones."""


class KeyRing:
    """The keys of several sources."""

    def __init__(self, sources: Sequence[Source], clock: Callable[[], float] = time.monotonic) -> None:
        self._sources = tuple(sources)
        self._clock = clock
        self._looked = clock() - PAUSE
        self._joined: tuple[tuple[Trusted, ...], Trusted] | None = None

    def value(self) -> Trusted:
        """What is trusted now; the same object as long as nothing has changed."""
        parts = tuple(source.value() for source in self._sources)
        joined = self._joined
        # Trusted compares by identity.
        if joined is None or joined[0] != parts:
            joined = self._joined = parts, Trusted.union(parts)
        return joined[1]

    def refresh(self) -> Trusted:
        """What is trusted now that a key was not found, after another look that is not made too often."""
        if self._clock() - self._looked >= PAUSE:
            self._looked = self._clock()
            for source in self._sources:
                source.refresh()
        return self.value()
