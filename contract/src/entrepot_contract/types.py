"""The types of arguments and results of storage drivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from types import TracebackType
from typing import NoReturn, Protocol, Self

from entrepot_contract.keys import Key

__all__ = [
    "MAX_PUT_SIZE",
    "MAX_TOKEN_BYTES",
    "Chunks",
    "Health",
    "ObjectInfo",
    "Prefix",
    "Reader",
    "UploadState",
    "WriteMode",
]

Chunks = Iterable[bytes | bytearray | memoryview]
"""Chunks of a body, of any size, each valid only until the next one is requested.

A memoryview is contiguous, and its items are single bytes. When the next chunk is requested, the driver holds no view
of the last one: its buffer may be changed, resized or released.
"""

MAX_PUT_SIZE = 16 * 2**20
"""The largest body of one ``put``, in bytes."""

MAX_TOKEN_BYTES = 2**20
"""The largest ``UploadState.token``, in bytes of UTF-8."""


class WriteMode(Enum):
    """What ``put`` does if the key already exists."""

    OVERWRITE = "overwrite"
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object: its key, its size in bytes, its modification time, and its etag.

    ``stat`` and ``list_objects`` describe an object alike, and so do the other verbs, whose etag may be None if they do
    not know it. Times agree within two seconds; those that a write returns may be of the host's clock.

    ``modified`` is timezone-aware and in UTC. It is when the object was written, or moved at the latest, and never goes
    backwards, except that an upload may have the time of its start.

    ``etag`` changes whenever the content changes, or is None. It never comes back with other content, and depends on
    all of it.
    """

    key: Key
    size: int
    modified: datetime
    etag: str | None


@dataclass(frozen=True, slots=True)
class Prefix:
    """All objects below ``key``, which ends with a slash; only from ``list_objects(shallow=True)``."""

    key: str


@dataclass(frozen=True, slots=True)
class UploadState:
    """The state of an upload: its key, the number of bytes received, and the driver's opaque token.

    The token is JSON text of at most 1 MiB. It stays on the server, and is never logged or pickled.
    """

    key: Key
    size: int
    token: str = field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise TypeError("an UploadState cannot be pickled: store its key, size and token as JSON")


@dataclass(frozen=True, slots=True)
class Health:
    """The result of a health check: whether the backend works, its response time, and a message without secrets."""

    ok: bool
    latency: timedelta
    detail: str


class Reader(Protocol):
    """The bytes of one read: an iterator of non-empty chunks of about 1 MiB, and a context manager.

    Readers are independent of each other. It may be used by another thread than the one that opened it, one at a time;
    iterating again continues after the last chunk.

    Raises Unavailable if the connection breaks: iteration never ends normally before all bytes were read.
    """

    @property
    def info(self) -> ObjectInfo:
        """The info of the complete object, whatever range is read."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """Close the connection or file. Idempotent.

        A closed reader yields no bytes: iterating it ends, or raises Unavailable.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
