"""The Google Cloud Storage driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Final

from entrepot_contract import (
    AlreadyExists,
    Capabilities,
    Chunks,
    DeleteFailed,
    DriverOptions,
    Health,
    InvalidKey,
    ObjectInfo,
    Prefix,
    SignedMethod,
    StorageDriver,
    StorageError,
    Unsupported,
    UploadState,
    WriteMode,
)
from entrepot_contract.toolkit.parts import PartSender
from entrepot_contract.toolkit.prefix import Root
from entrepot_contract.toolkit.reading import BodyReader
from entrepot_contract.toolkit.timeouts import HEALTH_SECONDS, health_within
from entrepot_storage_gcs.client import Client
from entrepot_storage_gcs.failures import NAME, Call
from entrepot_storage_gcs.listing import list_objects
from entrepot_storage_gcs.objects import Objects, info_of
from entrepot_storage_gcs.options import GcsOptions
from entrepot_storage_gcs.reading import open_reader
from entrepot_storage_gcs.uploads import Uploads

__all__ = ["GcsDriver"]

MAX_OBJECT_SIZE: Final = 5 * 2**40
LONGEST_SIGNATURE: Final = timedelta(days=7)


class GcsDriver(StorageDriver):
    """Objects in one bucket: the name of an object is ``rootdirectory``, a slash and the key."""

    name = NAME
    contract = (1, 1)
    Options = GcsOptions

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, GcsOptions):
            raise TypeError(f"GcsDriver takes GcsOptions, not {type(options).__name__}")
        self._chunksize = options.chunksize
        self._root = Root(options.rootdirectory)
        self._client = Client(options)
        self._objects = Objects(self._client)
        self._parts = PartSender(options.uploadconcurrency, "gcs-part")
        self._calls = PartSender(options.maxconcurrency, "gcs-call")
        self._uploads = Uploads(self._objects, self._root, options.chunksize, self._parts, self._calls)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            create=True,
            shared=True,
            durable=True,
            move="copy",
            signed_urls=frozenset({"GET", "HEAD"} if self._client.signs else ()),
            max_object_size=MAX_OBJECT_SIZE,
            part_size_hint=self._chunksize,
        )

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        call = self._call("put", key)
        create = mode is WriteMode.CREATE
        fields = self._objects.insert(call, self._root.name(key), data, generation=0 if create else None, once=create)
        if fields is None:
            raise call.failure(AlreadyExists, "the key already exists")
        return info_of(key, fields)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> BodyReader:
        return open_reader(self._objects, self._call("read", key), key, self._root.name(key), offset, length)

    def stat(self, key: str) -> ObjectInfo:
        return info_of(key, self._objects.stat(self._call("stat", key), self._root.name(key)))

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        call = self._call("list_objects", prefix or None)
        return list_objects(self._objects, self._root, call, prefix, start_after, shallow)

    def move(self, source: str, target: str) -> ObjectInfo:
        call = self._call("move", source)
        if source == target:
            raise call.failure(InvalidKey, "cannot be moved onto itself")
        fields = self._objects.rewrite(call, self._root.name(source), self._root.name(target))
        self._objects.delete(call, self._root.name(source))
        return info_of(target, fields)

    def delete(self, keys: Iterable[str]) -> None:
        failed: dict[str, StorageError] = {}
        rest = iter(keys)
        while batch := list(islice(rest, 1000)):
            failed |= self._delete(batch)
        DeleteFailed.raise_for(failed, driver=NAME)

    def upload_start(self, key: str) -> UploadState:
        return self._uploads.start(self._call("upload_start", key), key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        return self._uploads.append(self._call("upload_append", state.key), state, data)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return self._uploads.commit(
            self._call("upload_commit", state.key), state, state.key if target is None else target
        )

    def upload_abort(self, state: UploadState) -> None:
        self._uploads.abort(self._call("upload_abort", state.key), state)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        call = self._call("sign_url", key)
        if method not in self.capabilities.signed_urls:
            raise call.failure(Unsupported, f"signing {method} URLs requires a service account key: set 'keyfile'")
        if expires > LONGEST_SIGNATURE:
            raise call.failure(Unsupported, "a signed URL is valid for at most 7 days")
        return self._client.sign(call, self._root.name(key), method, expires)

    def health(self) -> Health:
        # Name resolution has no timeout.
        late = f"no response from the bucket within {HEALTH_SECONDS} s"
        return health_within(
            HEALTH_SECONDS, self._check, name="gcs-health", well="the bucket is accessible", late=late, owner=self
        )

    def close(self) -> None:
        self._parts.close()
        self._calls.close()
        self._client.close()

    def _call(self, operation: str, key: str | None) -> Call:
        return Call(operation, key, self._client.bucket)

    def _delete(self, keys: list[str]) -> dict[str, StorageError]:
        def delete(number: int) -> StorageError | None:
            key = keys[number]
            try:
                self._objects.delete(self._call("delete", key), self._root.name(key))
            except StorageError as error:
                return error
            return None

        answers = self._calls.each(len(keys), delete)
        return {key: error for key, error in zip(keys, answers, strict=True) if error is not None}

    def _check(self) -> None:
        self._objects.check(self._call("health", None), (HEALTH_SECONDS / 2, HEALTH_SECONDS / 2))
