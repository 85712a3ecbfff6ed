"""All hooks of entrepot. Any number of plugins may implement a hook, and an error in one never fails a push.

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
    """A named health check; ``run`` returns within 2 seconds and never raises."""

    name: str
    run: Callable[[], Health]


@dataclass(frozen=True, slots=True)
class Command:
    """A command ``entrepot NAME ARGUMENTS...``; ``run`` takes the arguments and returns the exit status."""

    name: str
    help: str
    run: Callable[[Sequence[str]], int]


@hookspec
def entrepot_startup(config: Mapping[str, object]) -> None:
    """Called when the application starts in a worker process; ``config`` is the complete, validated configuration."""


@hookspec
def entrepot_shutdown() -> None:
    """Called when the application stops; no event follows."""


@hookspec
def entrepot_event(event: Event) -> None:
    """Called for each push, pull, mount and delete; for a push, before its 201 is sent."""


@hookspec
def entrepot_health_checks() -> Sequence[HealthCheck]:  # type: ignore[empty-body]  # a specification has no body
    """Return health checks to run in addition to that of the storage."""


@hookspec
def entrepot_commands() -> Sequence[Command]:  # type: ignore[empty-body]  # a specification has no body
    """Return commands to add to ``entrepot``."""
