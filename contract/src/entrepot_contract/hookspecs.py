"""The hooks of entrepot, all of them: any number of plugins may listen, and none may break a push.

A plugin is a module or object in the entry-point group ``entrepot.hooks`` whose functions carry ``hookimpl``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pluggy

from entrepot_contract.events import Event
from entrepot_contract.types import Health

__all__ = [
    "PROJECT",
    "Command",
    "HealthCheck",
    "entrepot_commands",
    "entrepot_event",
    "entrepot_health_checks",
    "entrepot_shutdown",
    "entrepot_startup",
    "hookimpl",
    "hookspec",
]

PROJECT: Final = "entrepot"
hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check with a name; ``run`` answers within 2 seconds and never raises."""

    name: str
    run: Callable[[], Health]


@dataclass(frozen=True, slots=True)
class Command:
    """A command ``entrepot NAME ARGUMENTS...``; ``run`` takes the arguments and answers the exit status."""

    name: str
    help: str
    run: Callable[[Sequence[str]], int]


@hookspec
def entrepot_startup(config: Mapping[str, object]) -> None:
    """The application starts in a worker process; ``config`` is the whole configuration, validated."""


@hookspec
def entrepot_shutdown() -> None:
    """The application ends; no event comes after this."""


@hookspec
def entrepot_event(event: Event) -> None:
    """Something was pushed, pulled, mounted or deleted; for a push, called before its 201 is sent."""


@hookspec
def entrepot_health_checks() -> Sequence[HealthCheck]:  # type: ignore[empty-body]  # a specification has no body
    """Checks to run beside those of the storage."""


@hookspec
def entrepot_commands() -> Sequence[Command]:  # type: ignore[empty-body]  # a specification has no body
    """Commands to add to ``entrepot``."""
