"""The repositories of a registry, found by listing the storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice

from entrepot.registry import layout
from entrepot.registry.store import BATCH, Store
from entrepot_contract.keys import is_key

__all__ = ["Catalog"]


class Catalog:
    """All repositories that have, or once had, manifests (Distribution's ``/v2/_catalog``).

    The order is Distribution's: by component, so ``a`` and everything below it come before ``a-b``. If ``stopped``
    returns True, the listing ends.
    """

    def __init__(self, store: Store, stopped: Callable[[], bool] = lambda: False) -> None:
        self._store = store
        self._stopped = stopped

    def names(self, after: str = "") -> Iterator[str]:
        """Returns the names after ``after``; the storage is listed lazily."""
        return self._below("", after.split("/") if after else [], layout.MANIFESTS)

    def holding(self, part: str) -> Iterator[str]:
        """Returns the names of all repositories with objects below ``part``, with or without manifests."""
        return self._below("", [], part)

    def _below(self, parent: str, after: list[str], part: str) -> Iterator[str]:
        first = after[0] if after else ""
        if first and is_key(f"{layout.REPOSITORIES}{parent}{first}"):
            yield from self._below(f"{parent}{first}/", after[1:], part)
        for component in self._store.names(layout.REPOSITORIES + parent, first):
            if not component.startswith("_"):
                yield from self._from(parent + component, part)

    def _from(self, name: str, part: str) -> Iterator[str]:
        """Yield a repository and those below it; a listing of its children shows whether it is one."""
        if self._stopped():
            return
        children = self._store.names(f"{layout.REPOSITORIES}{name}/")
        head = list(islice(children, BATCH))
        if part in head or (len(head) == BATCH and self._has(name, part)):
            yield name
        for child in chain(head, children):
            if not child.startswith("_"):
                yield from self._from(f"{name}/{child}", part)

    def _has(self, name: str, part: str) -> bool:
        below = f"{layout.REPOSITORIES}{name}/{part}/"
        return next(self._store.driver.list_objects(below, shallow=True), None) is not None
