"""Uploads: full chunks are passed to the inner driver, and the remaining bytes are kept encrypted in the token.

Every append is also an append of the inner driver, even without bytes, so that the inner driver can detect conflicting
appends and ended uploads. The last chunk is appended by the commit.
"""

from __future__ import annotations

import base64
import json
from typing import Final

from pydantic import Base64Bytes

from entrepot_contract import Chunks, ObjectInfo, StorageDriver, UploadState, UploadUnknown
from entrepot_contract.toolkit.stamping import Body, Stamped, stamped_append
from entrepot_contract.toolkit.tokens import Count, TokenForm
from entrepot_storage_layers.encrypt.format import DamagedError, Header, place
from entrepot_storage_layers.encrypt.keys import KEY_ID_BYTES, Keys
from entrepot_storage_layers.encrypt.reading import plain_info
from entrepot_storage_layers.encrypt.sealing import Sealing

__all__ = ["Uploads"]

TOKEN: Final = TokenForm(tuple[str, Count, Base64Bytes, Base64Bytes, Base64Bytes])
"""The inner driver's token, the number of chunks, the ids of the key and of the object, the end, and the tail."""


class Uploads:
    """The uploads of one driver."""

    def __init__(self, driver: str, inner: StorageDriver, keys: Keys) -> None:
        self._driver = driver
        self._inner = inner
        self._keys = keys

    def start(self, key: str) -> UploadState:
        with Stamped(self._driver, "upload_start", key):
            inner = self._inner.upload_start(key)
        return _state(inner, Sealing(Header.fresh(self._keys)))

    def append(self, state: UploadState, data: Chunks) -> UploadState:
        stamp = Stamped(self._driver, "upload_append", state.key)
        inner, sealing = self._parse(state, stamp)
        body = Body(data)
        with stamped_append(body, stamp):
            after = self._inner.upload_append(inner, sealing.more(body))
        return _state(after, sealing)

    def commit(self, state: UploadState, target: str | None) -> ObjectInfo:
        stamp = Stamped(self._driver, "upload_commit", state.key if target is None else target)
        inner, sealing = self._parse(state, stamp)
        with stamp:
            ended = self._inner.upload_append(inner, [sealing.end()])
            return plain_info(self._inner.upload_commit(ended, target=target), stamp)

    def abort(self, state: UploadState) -> None:
        stamp = Stamped(self._driver, "upload_abort", state.key)
        try:
            inner, _ = self._parse(state, stamp)
        except UploadUnknown:
            return
        with stamp:
            self._inner.upload_abort(inner)

    def _parse(self, state: UploadState, stamp: Stamped) -> tuple[UploadState, Sealing]:
        content = TOKEN.read(state)
        if content is None:
            raise stamp.failure(UploadUnknown, "the upload's token is not from this driver; start again")
        token, number, ids, previous, sealed = content
        inner = UploadState(state.key, place(number) if number else 0, token)
        try:
            header = Header.of(self._keys, ids[:KEY_ID_BYTES], ids[KEY_ID_BYTES:])
            return inner, Sealing(header, number, previous, header.open_tail(number, previous, sealed))
        except DamagedError as error:
            raise stamp.failure(UploadUnknown, f"{error}; start the upload again") from error


def _state(inner: UploadState, sealing: Sealing) -> UploadState:
    header, number, previous = sealing.header, sealing.number, sealing.previous
    tail = bytes(sealing.tail)
    parts = (header.key_id + header.object_id, previous, header.seal_tail(number, previous, tail))
    token = json.dumps([inner.token, number, *(base64.b64encode(part).decode() for part in parts)])
    return UploadState(inner.key, sealing.plain_size, token)
