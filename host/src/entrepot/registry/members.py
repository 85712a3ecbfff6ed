"""Tests which of many manifests are members of a repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from entrepot.registry import layout
from entrepot.registry.names import Digest
from entrepot.registry.parallel import Parallel
from entrepot.registry.store import Store
from entrepot_contract import ObjectInfo, Prefix

__all__ = ["Members"]

_FEW: Final = 16
"""Up to this many links are read; for more, the manifests of the repository are listed."""

_PASSED: Final = 32
"""Maximum number of listed manifests per requested one, beyond which reading links is cheaper."""

_END: Final = "~"
"""Sorts after every digest."""


class Members:
    """Tests membership of manifests in one repository; digests must be passed in order."""

    def __init__(self, store: Store, parallel: Parallel, name: str) -> None:
        self._store = store
        self._parallel = parallel
        self._name = name
        self._algorithm = ""
        self._listed: Iterator[ObjectInfo | Prefix] = iter(())
        self._reached = ""
        self._sparse = False
        self._requested = 0

    def among(self, digests: Sequence[Digest]) -> list[Digest]:
        """Returns those of the digests whose manifests are in the repository."""
        self._requested += len(digests)
        if self._requested <= _FEW or self._sparse:
            return self._linked(digests)
        found: list[Digest] = []
        left = _PASSED * len(digests)
        for position, digest in enumerate(digests):
            left -= self._advance(digest)
            if self._reached == digest.encoded:
                found.append(digest)
            if left < 0:
                self._sparse = True
                return [*found, *self._linked(digests[position + 1 :])]
        return found

    def _linked(self, digests: Sequence[Digest]) -> list[Digest]:
        def has_link(digest: Digest) -> bool:
            return self._store.link(layout.revision(self._name, digest), digest) is not None

        return [one for one, there in zip(digests, self._parallel.map(has_link, digests), strict=True) if there]

    def _advance(self, digest: Digest) -> int:
        """Advance the listing to a digest; returns how many others were skipped."""
        prefix = layout.revisions(self._name, digest.algorithm)
        if digest.algorithm != self._algorithm:
            self._algorithm, self._reached = digest.algorithm, ""
            self._listed = self._store.driver.list_objects(
                prefix, start_after=f"{prefix}{digest.encoded}", shallow=True
            )
        passed = 0
        while self._reached < digest.encoded:
            item = next(self._listed, None)
            if item is None:
                self._reached = _END
            elif isinstance(item, Prefix):
                self._reached = item.key[len(prefix) : -1]
                passed += 1
        return passed
