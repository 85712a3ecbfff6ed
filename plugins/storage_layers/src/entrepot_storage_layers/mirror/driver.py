"""The mirror driver.

Writes and commits are done on the first side first, deletes and moves on the second, so that after a crash in between,
the first side is unchanged or ahead. An object that is on one side only was therefore never reported as deleted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Lock
from typing import Final, TypeVar

from entrepot_contract import (
    AlreadyExists,
    Capabilities,
    Chunks,
    DeleteFailed,
    DriverOptions,
    Health,
    InvalidKey,
    NotFound,
    ObjectInfo,
    Prefix,
    RangeError,
    Reader,
    SignedMethod,
    StorageDriver,
    StorageError,
    UploadState,
    UploadUnknown,
    WriteMode,
)
from entrepot_contract.toolkit.nesting import open_inner
from entrepot_contract.toolkit.stamping import Body, Stamped, StampedReader, stamped, stamped_append, stamped_listing
from entrepot_contract.toolkit.tokens import TokenForm
from entrepot_storage_layers.mirror.both import append_both
from entrepot_storage_layers.mirror.listing import merged
from entrepot_storage_layers.mirror.options import MirrorOptions
from entrepot_storage_layers.mirror.repairs import Repairs

__all__ = ["MirrorDriver"]

Answer = TypeVar("Answer")

_log = logging.getLogger("entrepot.storage.mirror")
TOKEN: Final = TokenForm(tuple[str, str])
"""The tokens of the first side and of the second."""


class MirrorDriver(StorageDriver):
    """Two drivers: a write succeeds when both have it, and a read uses the first one that has the object."""

    name = "mirror"
    contract = (1, 1)
    Options = MirrorOptions

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, MirrorOptions):
            raise TypeError(f"MirrorDriver takes MirrorOptions, not {type(options).__name__}")
        self._first = open_inner(self.name, "first", options.first)
        self._second = open_inner(self.name, "second", options.second)
        self._repairs = Repairs(self.name, self._first, self._second, options.compare)
        self._writing = [Lock() for _ in range(64)]

    @property
    def capabilities(self) -> Capabilities:
        one, other = self._first.capabilities, self._second.capabilities
        sizes = [size for size in (one.max_object_size, other.max_object_size) if size is not None]
        times = [ttl for ttl in (one.upload_ttl, other.upload_ttl) if ttl is not None]
        return Capabilities(
            create=one.create,
            shared=one.shared and other.shared,
            durable=one.durable and other.durable,
            move="rename" if one.move == other.move == "rename" else "copy",
            signed_urls=one.signed_urls & other.signed_urls,
            max_object_size=min(sizes, default=None),
            part_size_hint=max(one.part_size_hint, other.part_size_hint),
            upload_ttl=min(times, default=None),
            conditional_delete=False,
        )

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        # Two writers in this process have the same order on both sides.
        with (stamp := Stamped(self.name, "put", key)), self._writing[hash(key) % len(self._writing)]:
            if mode is WriteMode.CREATE:
                self._refuse_known(key, stamp)
            info = self._first.put(key, data, mode=mode, durable=durable)
            try:
                self._second.put(key, data, durable=durable)
            except StorageError:
                self._repairs.note(key, self._first, self._second, replace=True)
                raise
            self._repairs.begin()
            return info

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        stamp = Stamped(self.name, "read", key)
        return StampedReader(self._answer(stamp, key, lambda side: side.read(key, offset=offset, length=length)), stamp)

    def stat(self, key: str) -> ObjectInfo:
        return self._answer(Stamped(self.name, "stat", key), key, lambda side: side.stat(key))

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        stamp = Stamped(self.name, "list_objects", prefix or None)

        def listed(side: StorageDriver) -> Iterator[ObjectInfo | Prefix]:
            # As a generator, so that a side that fails at once only fails at its first item.
            yield from side.list_objects(prefix, start_after=start_after, shallow=shallow)

        return stamped_listing(merged(listed(self._first), listed(self._second)), stamp)

    def move(self, source: str, target: str) -> ObjectInfo:
        with (stamp := Stamped(self.name, "move", source)):
            if source == target:
                raise stamp.failure(InvalidKey, "cannot be moved onto itself")
            other: ObjectInfo | None = None
            try:
                other = self._second.move(source, target)
            except NotFound as error:
                _log.debug("second side has no object to move: %s", error)
            try:
                info = self._first.move(source, target)
            except NotFound:
                if other is None:
                    raise
                self._repairs.note(target, self._second, self._first, replace=True)
                return other
            if other is None:
                self._repairs.note(target, self._first, self._second, replace=True)
            return info

    def delete(self, keys: Iterable[str]) -> None:
        doomed = list(keys)
        failed: dict[str, StorageError] = {}
        with Stamped(self.name, "delete"):
            for side in (self._second, self._first):
                try:
                    side.delete([key for key in doomed if key not in failed])
                except DeleteFailed as error:
                    failed |= {key: stamped(why, self.name, "delete", key) for key, why in error.failed.items()}
            DeleteFailed.raise_for(failed, driver=self.name)

    def upload_start(self, key: str) -> UploadState:
        with Stamped(self.name, "upload_start", key):
            first = self._first.upload_start(key)
            try:
                return _joined(first, self._second.upload_start(key))
            except StorageError:
                with suppress(StorageError):
                    self._first.upload_abort(first)
                raise

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        stamp = Stamped(self.name, "upload_append", state.key)
        states = _parted(state, stamp)
        body = Body(data)
        with stamped_append(body, stamp):
            return _joined(*append_both((self._first, self._second), states, body))

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        key = state.key if target is None else target
        stamp = Stamped(self.name, "upload_commit", key)
        first, second = _parted(state, stamp)
        with stamp:
            info = self._first.upload_commit(first, target=target)
            try:
                self._second.upload_commit(second, target=target)
            except StorageError as error:
                # The first side decides: the state of the upload on the second side is no longer relevant.
                _log.warning("second side failed to commit, copying object key=%s: %s", key, error)
                try:
                    self._repairs.copy(key, self._first, self._second, replace=True)
                except NotFound as gone:
                    _log.debug("object to copy was deleted meanwhile: %s", gone)
                except StorageError:
                    self._repairs.note(key, self._first, self._second, replace=True)
                    raise
            return info

    def upload_abort(self, state: UploadState) -> None:
        stamp = Stamped(self.name, "upload_abort", state.key)
        try:
            first, second = _parted(state, stamp)
        except UploadUnknown:
            return
        with stamp:
            try:
                self._first.upload_abort(first)
            finally:
                self._second.upload_abort(second)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        # Signing makes no request to the backend: the URL could refer to a side that is down, or lost the object.
        with Stamped(self.name, "sign_url", key):
            try:
                self._first.stat(key)
            except StorageError:
                return self._second.sign_url(key, method, expires)
            return self._first.sign_url(key, method, expires)

    def health(self) -> Health:
        """Return ok if both sides are ok, because a write requires both."""
        one, other = self._first.health(), self._second.health()
        pending = self._repairs.pending()
        detail = f"first: {one.detail}; second: {other.detail}"
        if pending:
            detail = f"{detail}; {pending} objects differ between the sides and are being copied"
        return Health(one.ok and other.ok, max(one.latency, other.latency), detail)

    def close(self) -> None:
        self._repairs.close()
        self._first.close()
        self._second.close()

    def _answer(self, stamp: Stamped, key: str, ask: Callable[[StorageDriver], Answer]) -> Answer:
        self._repairs.begin()
        with stamp:
            try:
                return ask(self._first)
            except NotFound:
                found = self._try_second(ask)
                if found is None:
                    raise
                self._repairs.note(key, self._second, self._first)
                return found
            except (RangeError, InvalidKey):
                raise
            except StorageError as error:
                _log.warning("first side failed, using second side: %s", error)
                found = self._try_second(ask)
                if found is None:
                    raise
                return found

    def _refuse_known(self, key: str, stamp: Stamped) -> None:
        """Raise if the second side has the object, which the first may have lost, or if the second side is down."""
        try:
            self._second.stat(key)
        except NotFound:
            return
        raise stamp.failure(AlreadyExists, "the key already exists")

    def _try_second(self, ask: Callable[[StorageDriver], Answer]) -> Answer | None:
        """Return the result of the second side, or None if it fails: then the error of the first side is raised."""
        try:
            return ask(self._second)
        except StorageError as error:
            if not isinstance(error, NotFound):
                _log.warning("second side failed: %s", error)
            return None


def _joined(first: UploadState, second: UploadState) -> UploadState:
    return replace(first, token=json.dumps([first.token, second.token]))


def _parted(state: UploadState, stamp: Stamped) -> tuple[UploadState, UploadState]:
    tokens = TOKEN.read(state)
    if tokens is None:
        raise stamp.failure(UploadUnknown, "the upload's token is not from this driver; start again")
    first, second = tokens
    return UploadState(state.key, state.size, first), UploadState(state.key, state.size, second)
