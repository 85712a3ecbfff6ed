"""The storage contract, version 1.1: what a storage driver must do.

Every sentence below is tested by the kit in ``entrepot_contract.testing``.
Drivers are synchronous and thread-safe. The host wraps each driver in one layer that checks keys, capabilities and
byte counts and retries retryable errors: a driver does none of this itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import ClassVar, Self

from entrepot_contract.capabilities import Capabilities, SignedMethod
from entrepot_contract.errors import Unsupported
from entrepot_contract.keys import Key
from entrepot_contract.options import DriverOptions, parse_options
from entrepot_contract.types import (
    Chunks,
    Health,
    ObjectInfo,
    Prefix,
    Reader,
    UploadState,
    WriteMode,
)

__all__ = ["CONTRACT_VERSION", "StorageDriver"]

CONTRACT_VERSION: tuple[int, int] = (1, 1)


class StorageDriver(ABC):
    """Base class of storage drivers: one backend that stores objects by key.

    All methods are abstract, so that a wrapper cannot forget to forward one.

    What a call opens is closed when it, its reader or its listing ends, however that is. Any number of readers,
    listings, appends and deletions may be in progress: one that waits for its caller keeps no other call waiting.

    A backend may block a deletion, an overwrite or a move until open readers of the object are closed, up to the
    driver's own timeout. A caller must therefore never wait for one of them in the thread that has to close the reader.

    Any number of threads may write one key with ``put``, ``upload_commit`` and ``move``: a read returns one complete
    object, and never one that was already replaced when the read began. With the capability ``shared``, this also holds
    for other drivers and processes: each of them sees a write, a move and a deletion at once, whatever it has read,
    listed or not found before.

    If the backend fails:

    - A verb that gets no answer from the backend raises Unavailable: the backend cannot be reached, does not respond,
      or closes the connection. What a driver does not know is never NotFound or UploadUnknown, nor a shorter result.
    - It does so within a bounded time, which the options should determine.
    - A backend that refuses the driver's credentials makes a verb raise Denied.
    - As soon as the backend works again, so does the same driver; objects and upload states are as they were before, or
      as after the calls that failed, and never a mixture.
    - A connection that the backend closed while it was idle makes at most one later call fail.
    - No error, repr or log record shows a secret of the options, or the token of an upload.

    If a verb raises Unavailable, it may have taken effect, but after Throttled it has not. The host repeats ``read``,
    ``stat``, ``list_objects``, ``delete``, ``put`` with OVERWRITE, ``upload_start`` and ``upload_abort`` after
    retryable errors, but never ``move``, ``upload_append``, ``upload_commit``, ``delete_unchanged`` and ``put`` with
    CREATE. A driver that repeats one of these must not take the effect of its own first attempt for that of another
    caller.
    """

    name: ClassVar[str]
    """The entry point's name in the group ``entrepot.storage``; part of every error."""

    contract: ClassVar[tuple[int, int]]
    """The version of the contract that the driver was written for."""

    Options: ClassVar[type[DriverOptions]]
    """The options that are valid in the driver's section of the configuration."""

    @abstractmethod
    def __init__(self, options: DriverOptions) -> None:
        """Store the options; open no connection, start no thread, access no disk."""

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """Return a driver for its section of the configuration.

        Raises ConfigError if an option is unknown, missing or wrong.
        """
        return cls(parse_options(cls.Options, config, driver=cls.name))

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """The capabilities of this instance; they never change during its lifetime."""

    @abstractmethod
    def put(self, key: Key, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        """Write a complete object of at most 16 MiB.

        ``WriteMode.CREATE`` requires the capability ``create``.

        - A reader sees either the complete old object or the complete new one.
        - CREATE on an existing key raises AlreadyExists and leaves the object unchanged.
        - Of any number of concurrent CREATEs, exactly one succeeds.
        - The object can be read, and is listed, as soon as ``put`` returns.
        - With the capability ``durable``, the object then survives power loss.
        - With ``durable=False``, it only has to survive the end of the process: a power loss may leave it missing,
          empty or damaged. Added in version 1.1, and not passed to drivers that were written for an older one.
        """

    @abstractmethod
    def read(self, key: Key, *, offset: int = 0, length: int | None = None) -> Reader:
        """Read an object, or ``length`` bytes of it starting at ``offset``.

        - A missing key raises NotFound here, not at the first chunk.
        - An ``offset`` equal to the size reads nothing; a larger one raises RangeError here.
        - A range that extends past the end is truncated, however large ``length`` is.
        - The object is streamed, and never held in memory completely.
        - A broken connection raises Unavailable from the iterator; it never ends the read early.
        - A reader whose object is replaced, moved or deleted goes on with the bytes that it began with, or raises
          Unavailable or NotFound; it never mixes two objects. Once it is open, an object of up to 64 KiB is whole in
          any case.
        """

    @abstractmethod
    def stat(self, key: Key) -> ObjectInfo:
        """Return the size, modification time and etag of an object.

        - A missing key raises NotFound, and so does a key that is only the prefix of others.
        - The etag changes whenever the content changes, or is None.
        """

    @abstractmethod
    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        """Iterate over the objects below a prefix, in byte-lexicographic order of their keys.

        - A prefix consists of complete segments: it is empty, or ends with a slash.
        - ``start_after`` is exclusive, and need not exist.
        - ``shallow`` yields one Prefix for all objects below the next slash; it is sorted by its key with the slash.
        - A prefix with nothing below it yields nothing.
        - An object that exists during the whole listing is listed exactly once, whatever is written or deleted
          meanwhile.
        - Pages are fetched on demand: the first item does not require a full listing.
        - Unfinished uploads and the driver's own working files are never listed.
        """

    @abstractmethod
    def move(self, source: Key, target: Key) -> ObjectInfo:
        """Move an object to another key.

        - On return the target is complete, replacing any existing object, and the source is gone.
        - A crash may leave both, never neither.
        - A missing source raises NotFound; the same key twice raises InvalidKey.
        - Of several moves of one object at the same time, at least one succeeds; each other one raises NotFound or
          Unavailable, or leaves a complete target as well.
        - What another caller writes to the source during a move may be lost.
        """

    @abstractmethod
    def delete(self, keys: Iterable[Key]) -> None:
        """Delete objects, many with few requests to the backend.

        - ``keys`` may be any iterable, also a listing of the same driver. If it raises, its exception is propagated,
          and keys that it has not yielded stay.
        - A missing key is not an error.
        - Objects below a key are not deleted with it.
        - A partial failure raises DeleteFailed, which names every key that was not deleted.
        """

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        """Delete an object only if it is still the one that ``info`` describes, by its etag; return whether it was.

        Added in version 1.1. Requires the capability ``conditional_delete``; otherwise raises Unsupported.

        - An object that was written after ``info`` was returned stays, and the result is False.
        - A missing key is not an error, and the result is False.
        - If ``info`` has no etag, nothing is deleted, and the result is False.
        - The comparison and the deletion are one step: of a concurrent write, the object is never deleted.
        """
        message = "this driver cannot compare an object before it deletes it"
        raise Unsupported(message, driver=self.name, operation="delete_unchanged", key=info.key)

    @abstractmethod
    def upload_start(self, key: Key) -> UploadState:
        """Start an upload of unknown size.

        - The state has size 0, and any number of uploads may be open for one key.
        - Nothing is readable or listed before the commit.
        """

    @abstractmethod
    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        """Append any number of bytes at offset ``state.size``.

        - On return the bytes survive the end of the process, and any process (on any host, with the capability
          ``shared``) can continue from the new state.
        - ``state`` stays usable after an exception, a crash and a success; appending from it again discards the bytes
          past its size.
        - Of two appends from one state, at most one result can be committed; the other raises UploadConflict, at the
          latest in ``upload_commit``.
        - If ``data`` raises, its exception is propagated, and ``state`` stays usable. This holds for every class of
          exception, also for the errors of this contract.
        - ``data`` is iterated once, to its end. With the capability ``shared``, it is stored as it is received, and
          never held in memory completely.
        - Appending nothing returns a usable state of the same size.
        - Other calls may use the upload while ``data`` is iterated: those that contradict each other raise
          UploadConflict or UploadUnknown.
        - After commit, abort or expiry it raises UploadUnknown.
        - A token that this driver never returned raises UploadUnknown, whatever its text; so it does in
          ``upload_commit``, and ``upload_abort`` ignores it.
        """

    @abstractmethod
    def upload_commit(self, state: UploadState, *, target: Key | None = None) -> ObjectInfo:
        """Make the bytes of an upload readable at ``target``, by default the upload's own key.

        - This is atomic, and happens in the backend, without transferring the data through the host.
        - An existing target is replaced.
        - An upload of size 0 creates an empty object.
        - Apart from the object, nothing of the upload is left.
        - Of concurrent commits of one state, at least one succeeds; any other either succeeds or raises UploadUnknown
          or UploadConflict, with its target unchanged.
        - Of commits of different states of an upload, at most one succeeds.
        - After commit, abort or expiry it raises UploadUnknown.
        - With the capability ``durable``, the object then survives power loss.
        """

    @abstractmethod
    def upload_abort(self, state: UploadState) -> None:
        """Discard an upload and all its bytes. Idempotent, also after a commit.

        Other uploads stay as they are, also those for the same key.
        """

    @abstractmethod
    def sign_url(self, key: Key, method: SignedMethod, expires: timedelta) -> str:
        """Return a URL that serves the object without further authentication.

        Requires ``method`` in the capability ``signed_urls``; otherwise raises Unsupported, and never returns "" or
        None.

        - The URL supports the Range header and expires after ``expires``.
        - It allows nothing else: no writing, and no other object or time.
        """

    @abstractmethod
    def health(self) -> Health:
        """Make one cheap authenticated request, within 2 seconds; never raises, and never reveals a secret.

        It leaves nothing behind.
        """

    @abstractmethod
    def close(self) -> None:
        """Close connections and files. Idempotent. Other drivers stay usable, also on the same store."""
