"""Registry events: one for each push, pull, mount and delete."""

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
    """The media type, digest and size in bytes of some content (image-spec, descriptor.md)."""

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
    """The registry that an event comes from: its host name and port, and a UUID of the process that handled it."""

    address: str
    instance: str


@dataclass(frozen=True, slots=True)
class Event:
    """One change to, or read of, a blob, a manifest or a tag of a repository.

    - ``target`` is None if only a tag was deleted.
    - ``from_repository`` is set for a mount, ``tag`` if the request named a tag.
    - ``url`` is where the target can be read, by digest; None after a deletion.
    - ``references`` are the descriptors in a pushed or pulled manifest.
    - ``id`` is unique, and stays the same if the event is delivered again; ``timestamp`` is timezone-aware.
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
