"""The trusted keys of all sources."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from entrepot_auth_token.keys import Trusted

__all__ = ["KeyRing", "Source"]

PAUSE: Final = 1.0
"""Minimum interval between two refreshes for an unknown key, in seconds."""


class Source(Protocol):
    """A source of keys. ``value()`` returns the same object until the keys change."""

    def value(self) -> Trusted:
        """Return the current keys."""

    def refresh(self) -> bool:
        """Check for new keys. Return whether the keys changed."""


class KeyRing:
    """Combines the keys of several sources."""

    def __init__(self, sources: Sequence[Source], clock: Callable[[], float] = time.monotonic) -> None:
        self._sources = tuple(sources)
        self._clock = clock
        self._refreshed = clock() - PAUSE
        self._joined: tuple[tuple[Trusted, ...], Trusted] | None = None

    def value(self) -> Trusted:
        """Return the trusted keys; the same object until they change."""
        parts = tuple(source.value() for source in self._sources)
        joined = self._joined
        # Trusted compares by identity.
        if joined is None or joined[0] != parts:
            joined = self._joined = parts, Trusted.union(parts)
        return joined[1]

    def refresh(self) -> Trusted:
        """Return the trusted keys after refreshing the sources, which is done at most once per ``PAUSE``."""
        if self._clock() - self._refreshed >= PAUSE:
            self._refreshed = self._clock()
            for source in self._sources:
                source.refresh()
        return self.value()
