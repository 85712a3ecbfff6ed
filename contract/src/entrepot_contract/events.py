"""What happened in the registry: one event per push, pull, mount and delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

__all__ = ["Action", "Descriptor", "Event", "Request", "Source"]

Action = Literal["push", "pull", "mount", "delete"]


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a thing is, which thing it is, and how many bytes it has (image-spec, descriptor.md)."""

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Request:
    """The HTTP request that caused an event."""

    id: str
    address: str
    host: str
    method: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Source:
    """The registry that an event comes from: its host name and port, and a UUID of the process that served it."""

    address: str
    instance: str


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a blob, a manifest or a tag of a repository.

    - ``target`` is None where only a tag was deleted.
    - ``from_repository`` is set for a mount, ``tag`` where a tag was named.
    - ``url`` is where the target can be read, by digest; None for what was deleted.
    - ``references`` are the descriptors that a pushed or pulled manifest holds.
    - ``id`` is unique, and stays the same however often the event is told; ``timestamp`` is aware.
    """

    action: Action
    repository: str
    target: Descriptor | None = None
    tag: str | None = None
    from_repository: str | None = None
    url: str | None = None
    references: tuple[Descriptor, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    request: Request | None = None
    actor: str | None = None
    source: Source | None = None
    id: str = field(default_factory=lambda: str(uuid4()))
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))
