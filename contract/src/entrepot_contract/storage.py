"""The storage contract, version 1.0: what a storage driver must do.

Every sentence below is a test of the kit in ``entrepot_contract.testing``.
Drivers are synchronous and thread-safe. The host wraps each driver once, and there checks the grammar of keys,
the capabilities, the counts of bytes, and retries what is retryable: a driver contains none of that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import ClassVar, Self

from entrepot_contract.keys import Key
from entrepot_contract.options import DriverOptions, parse_options
from entrepot_contract.types import (
    Capabilities,
    Chunks,
    Health,
    ObjectInfo,
    Prefix,
    Reader,
    SignedMethod,
    UploadState,
    WriteMode,
)

__all__ = ["CONTRACT_VERSION", "StorageDriver"]

CONTRACT_VERSION: tuple[int, int] = (1, 0)


class StorageDriver(ABC):
    """One backend that stores objects by key.

    No method has a default here, so that a wrapper can never forget one.

    A backend may let a deletion, an overwrite or a move wait until open readers of the object are closed, up to the
    driver's own timeout: a caller never waits for one of them in the thread that has to close the reader.
    """

    name: ClassVar[str]
    """The entry point's name in the group ``entrepot.storage``; errors carry it."""

    contract: ClassVar[tuple[int, int]]
    """The version of the contract that the driver was written for."""

    Options: ClassVar[type[DriverOptions]]
    """The options that the driver's section of the configuration may hold."""

    @abstractmethod
    def __init__(self, options: DriverOptions) -> None:
        """Keep the options; open no connection, start no thread, touch no disk."""

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """A driver from its section of the configuration.

        Raises ConfigError where an option is unknown, missing or wrong.
        """
        return cls(parse_options(cls.Options, config, driver=cls.name))

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this instance can do; never changes while the instance lives."""

    @abstractmethod
    def put(self, key: Key, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE) -> ObjectInfo:
        """Write a whole object of at most 16 MiB.

        ``WriteMode.CREATE`` requires capability ``create``.

        - A reader sees all of the old object or all of the new one.
        - CREATE on an existing key raises AlreadyExists and leaves the object untouched.
        - Of any number of racing CREATEs exactly one wins.
        - The object can be read, and is listed, from the moment that ``put`` returns.
        - Where ``durable`` is claimed, the object survives power loss from then on.
        """

    @abstractmethod
    def read(self, key: Key, *, offset: int = 0, length: int | None = None) -> Reader:
        """Read an object, or ``length`` bytes of it from ``offset`` on.

        - A missing key raises NotFound here, not at the first chunk.
        - ``offset`` equal to the size reads nothing; past it raises RangeError here.
        - A ``length`` past the end is cut.
        - The object is streamed and never held in memory whole.
        - A broken connection raises Unavailable from the iterator, never a short read.
        """

    @abstractmethod
    def stat(self, key: Key) -> ObjectInfo:
        """The size, time and etag of an object.

        - A missing key raises NotFound, and so does a key that is only the prefix of others.
        - The etag changes whenever the content changes, or is None.
        """

    @abstractmethod
    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        """The objects below a prefix, in byte-lexicographic order of their keys.

        - A prefix is whole segments: empty, or ending with a slash.
        - ``start_after`` is exclusive, and need not exist.
        - ``shallow`` gives one Prefix for everything below a next slash; it sorts as its key with the slash.
        - A prefix with nothing below it gives nothing.
        - Pages are fetched as they are needed: the first item costs no full listing.
        - Unfinished uploads and the driver's own working files never show.
        """

    @abstractmethod
    def move(self, source: Key, target: Key) -> ObjectInfo:
        """Give an object another key.

        - On return the target is whole, replaced if it was there, and the source is gone.
        - A crash between may leave both, never neither.
        - A missing source raises NotFound; the same key twice raises InvalidKey.
        """

    @abstractmethod
    def delete(self, keys: Iterable[Key]) -> None:
        """Delete objects, many in few calls of the backend.

        - A missing key is no error.
        - Nothing below a key is deleted with it.
        - A partial failure raises DeleteFailed, which names every key that is still there.
        """

    @abstractmethod
    def upload_start(self, key: Key) -> UploadState:
        """Begin an upload of unknown size.

        - The state has size 0, and any number of uploads may be open for one key.
        - Nothing is readable or listed before the commit.
        """

    @abstractmethod
    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        """Append any number of bytes from ``state.size`` on.

        - On return the bytes survive the death of the process, and any process (any host, where ``shared`` is
          claimed) can go on from the new state.
        - ``state`` stays usable after an exception, a crash and a success; appending from it again drops what lay
          past its size.
        - Of two appends from one state at most one result can be committed; the other raises UploadConflict, at the
          latest in ``upload_commit``.
        - Where ``data`` raises, its exception passes through, and ``state`` is intact.
        - After commit, abort or expiry: UploadUnknown.
        """

    @abstractmethod
    def upload_commit(self, state: UploadState, *, target: Key | None = None) -> ObjectInfo:
        """Make the bytes of an upload readable at ``target``, by default the upload's own key.

        - It happens atomically, on the backend's side, and never through the host.
        - An existing target is replaced.
        - An upload of size 0 makes an empty object.
        - After commit, abort or expiry: UploadUnknown.
        - Where ``durable`` is claimed, the object survives power loss from then on.
        """

    @abstractmethod
    def upload_abort(self, state: UploadState) -> None:
        """Drop an upload and all its bytes; again, or after a commit, is harmless."""

    @abstractmethod
    def sign_url(self, key: Key, method: SignedMethod, expires: timedelta) -> str:
        """A URL that serves the object to whoever has it.

        Requires that ``signed_urls`` holds ``method``; raises Unsupported otherwise, and never answers "" or None.

        - The URL honours the Range header and ends after ``expires``.
        """

    @abstractmethod
    def health(self) -> Health:
        """One cheap authenticated call of at most 2 seconds; never raises, and tells no secret."""

    @abstractmethod
    def close(self) -> None:
        """Let go of connections and files; again is harmless."""
