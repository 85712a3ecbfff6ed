"""Filters: which events are sent to an endpoint."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

from wcmatch import fnmatch, glob

from entrepot.notify.settings import Filters
from entrepot_contract.events import Event

__all__ = ["matcher"]

_CACHED_NAMES: Final = 4096


def matcher(filters: Filters) -> Callable[[Event], bool]:
    """Returns a function that decides whether an event is sent to an endpoint."""
    actions, ignored = frozenset(filters.actions), frozenset(filters.ignored_actions)
    ignored_types = frozenset(filters.ignored_media_types)

    @functools.lru_cache(_CACHED_NAMES)
    def repository(name: str) -> bool:
        return bool(glob.globmatch(name, list(filters.repositories), flags=glob.GLOBSTAR))

    @functools.lru_cache(_CACHED_NAMES)
    def tag(name: str) -> bool:
        return bool(fnmatch.fnmatch(name, list(filters.tags)))

    def wants(event: Event) -> bool:
        if event.action in ignored or (actions and event.action not in actions):
            return False
        if ignored_types and event.target is not None and event.target.media_type in ignored_types:
            return False
        if filters.repositories and not repository(event.repository):
            return False
        return not filters.tags or (event.tag is not None and tag(event.tag))

    return wants
