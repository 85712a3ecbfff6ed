"""The encrypt driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from entrepot_contract import (
    MAX_PUT_SIZE,
    Capabilities,
    Chunks,
    DriverOptions,
    IntegrityError,
    ObjectInfo,
    Prefix,
    Reader,
    SignedMethod,
    StorageError,
    Unavailable,
    Unsupported,
    UploadState,
    WriteMode,
)
from entrepot_contract.toolkit.forwarding import ForwardingDriver
from entrepot_contract.toolkit.nesting import open_inner
from entrepot_contract.toolkit.stamping import Stamped, stamped_listing
from entrepot_storage_layers.encrypt.format import CHUNK, HEADER, SEALED, Header
from entrepot_storage_layers.encrypt.keys import read_keys
from entrepot_storage_layers.encrypt.options import EncryptOptions
from entrepot_storage_layers.encrypt.reading import open_reader, plain_info
from entrepot_storage_layers.encrypt.sealing import Sealing
from entrepot_storage_layers.encrypt.uploads import Uploads

__all__ = ["EncryptDriver"]


class EncryptDriver(ForwardingDriver):
    """Encrypts objects before it passes them to another driver, which sees their keys and approximate sizes."""

    name = "encrypt"
    Options = EncryptOptions

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, EncryptOptions):
            raise TypeError(f"EncryptDriver takes EncryptOptions, not {type(options).__name__}")
        self._keys = read_keys(options, self.name)
        super().__init__(open_inner(self.name, "inner", options.inner))
        self._uploads = Uploads(self.name, self.inner, self._keys)

    @property
    def capabilities(self) -> Capabilities:
        inner = self.inner.capabilities
        return replace(inner, signed_urls=frozenset(), max_object_size=_room(inner.max_object_size))

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        stamp = Stamped(self.name, "put", key)
        sealing = Sealing(Header.fresh(self._keys))
        sealed = b"".join([*sealing.more([data]), sealing.end()])
        with stamp:
            if len(sealed) > MAX_PUT_SIZE and mode is WriteMode.OVERWRITE:
                # With the overhead of encryption, the largest bodies are too large for a put.
                return plain_info(self._upload(key, sealed), stamp)
            return plain_info(self.inner.put(key, sealed, mode=mode, durable=durable), stamp)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        stamp = Stamped(self.name, "read", key)
        try:
            return open_reader(self.inner, self._keys, key, offset, length, stamp)
        except EOFError as error:
            raise stamp.failure(Unavailable, "the inner driver returned too few bytes; retry the read") from error

    def stat(self, key: str) -> ObjectInfo:
        with (stamp := Stamped(self.name, "stat", key)):
            return plain_info(self.inner.stat(key), stamp)

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        stamp = Stamped(self.name, "list_objects", prefix or None)
        with stamp:
            items = self.inner.list_objects(prefix, start_after=start_after, shallow=shallow)
        for item in stamped_listing(items, stamp):
            yield item if isinstance(item, Prefix) else _listed(item, stamp)

    def move(self, source: str, target: str) -> ObjectInfo:
        with (stamp := Stamped(self.name, "move", source)):
            return plain_info(self.inner.move(source, target), stamp)

    def upload_start(self, key: str) -> UploadState:
        return self._uploads.start(key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        return self._uploads.append(state, data)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return self._uploads.commit(state, target)

    def upload_abort(self, state: UploadState) -> None:
        self._uploads.abort(state)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        message = f"{method} URLs cannot be signed: they would serve the ciphertext"
        raise Stamped(self.name, "sign_url", key).failure(Unsupported, message)

    def _upload(self, key: str, sealed: bytes) -> ObjectInfo:
        state = self.inner.upload_start(key)
        try:
            return self.inner.upload_commit(self.inner.upload_append(state, [sealed]))
        except StorageError:
            # The first error is raised; if the abort fails, the inner driver discards the upload when it is idle.
            with suppress(StorageError):
                self.inner.upload_abort(state)
            raise


def _listed(info: ObjectInfo, stamp: Stamped) -> ObjectInfo:
    """Return an entry of a listing; a damaged object is listed with size 0, so that it can be deleted."""
    try:
        return plain_info(info, stamp)
    except IntegrityError:
        return replace(info, size=0)


def _room(sealed: int | None) -> int | None:
    """Return the maximum size of an object whose encrypted size is at most ``sealed`` bytes."""
    return None if sealed is None else sealed - HEADER - -(-(sealed - HEADER) // SEALED) * (SEALED - CHUNK)
