"""The values that pass between a host and a storage driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from types import TracebackType
from typing import Literal, NoReturn, Protocol, Self

from entrepot_contract.keys import Key

__all__ = [
    "MAX_PUT_SIZE",
    "MAX_TOKEN_BYTES",
    "Capabilities",
    "Chunks",
    "Health",
    "ObjectInfo",
    "Prefix",
    "Reader",
    "SignedMethod",
    "UploadState",
    "WriteMode",
]

Chunks = Iterable[bytes | bytearray | memoryview]
"""Pieces of a body, of any sizes, each valid only until the next one is asked for."""

SignedMethod = Literal["GET", "HEAD"]

MAX_PUT_SIZE = 16 * 2**20
"""The largest body of one ``put``, in bytes."""

MAX_TOKEN_BYTES = 2**20
"""The largest ``UploadState.token``, in bytes of UTF-8."""


class WriteMode(Enum):
    """What ``put`` does where the key has an object already."""

    OVERWRITE = "overwrite"
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one configured instance of a driver can do; the kit tests every field both ways.

    - ``create``: ``WriteMode.CREATE`` is atomic across all processes that see the data.
    - ``shared``: other processes and hosts see the same data.
    - ``durable``: what ``put`` and ``upload_commit`` returned survives power loss.
    - ``move``: a hint of cost, O(1) or O(bytes); always on the backend's side.
    - ``signed_urls``: the methods that ``sign_url`` can sign.
    - ``max_object_size``: in bytes; None where there is no limit to speak of.
    - ``part_size_hint``: in bytes; appends of a multiple of it are cheapest.
    - ``upload_ttl``: the backend drops uploads that were idle for so long; None where it keeps them.
    """

    create: bool
    shared: bool
    durable: bool
    move: Literal["rename", "copy"]
    signed_urls: frozenset[SignedMethod] = frozenset()
    max_object_size: int | None = None
    part_size_hint: int = 8 * 2**20
    upload_ttl: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object: its key, its size in bytes, when it was written, and its etag.

    ``modified`` is aware and in UTC. ``etag`` changes whenever the content changes, or is None.
    """

    key: Key
    size: int
    modified: datetime
    etag: str | None


@dataclass(frozen=True, slots=True)
class Prefix:
    """Some objects below ``key``, which ends with a slash; only from ``list_objects(shallow=True)``."""

    key: str


@dataclass(frozen=True, slots=True)
class UploadState:
    """Where an upload stands: its key, the bytes received, and the driver's own opaque token.

    The token is JSON text of at most 1 MiB. It stays on the server's side, is never logged and never pickled.
    """

    key: Key
    size: int
    token: str = field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise TypeError("an UploadState is never pickled: store its key, size and token as JSON")


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the backend answers, after how long, and in words without secrets what it said."""

    ok: bool
    latency: timedelta
    detail: str


class Reader(Protocol):
    """The bytes of one read: an iterator of non-empty chunks of about 1 MiB, and a context manager.

    Raises Unavailable where the connection breaks: fewer bytes than promised is never a normal end.
    """

    @property
    def info(self) -> ObjectInfo:
        """The whole object's info, whatever part of it is read."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """Let go of the connection or file; again is harmless."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
