"""The S3 storage driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from threading import Lock

from entrepot_contract import (
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
from entrepot_contract.toolkit.prefix import Root
from entrepot_contract.toolkit.reading import BodyReader
from entrepot_contract.toolkit.timeouts import HEALTH_SECONDS, health_within
from entrepot_storage_s3.bucket import MAX_DELETED, Bucket
from entrepot_storage_s3.client import Clients
from entrepot_storage_s3.copying import Copying, Source
from entrepot_storage_s3.failures import NAME, Reporting, failure, refused_key
from entrepot_storage_s3.listing import Listing
from entrepot_storage_s3.options import S3Options
from entrepot_storage_s3.probe import conditions, lists_in_order
from entrepot_storage_s3.reading import read
from entrepot_storage_s3.uploads import Uploads


class S3Driver(StorageDriver):
    """Objects in one bucket: the name of an object is ``rootdirectory``, a slash and the key."""

    name = NAME
    contract = (1, 1)
    Options = S3Options

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, S3Options):
            raise TypeError(f"S3Driver takes S3Options, not {type(options).__name__}")
        self._options = options
        self._clients = Clients(options)
        self._bucket = Bucket(options, self._clients)
        self._root = Root(options.rootdirectory)
        self._copying = Copying(options, self._bucket)
        self._uploads = Uploads(
            options, self._bucket, self._root, self._copying, lambda: conditions(self._bucket, self._root).swaps
        )
        self._capabilities: Capabilities | None = None
        self._lock = Lock()

    @property
    def capabilities(self) -> Capabilities:
        """The first access probes the server."""
        with self._lock:
            if self._capabilities is None:
                lists_in_order(self._bucket, self._root)
                self._capabilities = Capabilities(
                    create=conditions(self._bucket, self._root).creates,
                    shared=True,
                    durable=True,
                    move="copy",
                    signed_urls=frozenset({"GET", "HEAD"}),
                    part_size_hint=self._options.chunksize,
                )
            return self._capabilities

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        create = mode is WriteMode.CREATE
        if create and not self.capabilities.create:
            raise failure(Unsupported, "put", key, "the server does not support conditional creation of objects")
        return self._bucket.put(self._root.name(key), data, Reporting("put", key), create=create)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> BodyReader:
        return read(self._bucket, self._root.name(key), key, offset, length)

    def stat(self, key: str) -> ObjectInfo:
        return self._bucket.head(self._root.name(key), Reporting("stat", key))

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        found = Listing(self._bucket, self._root, prefix, start_after, shallow=shallow)
        return found.in_order() if lists_in_order(self._bucket, self._root) else found.by_segments()

    def move(self, source: str, target: str) -> ObjectInfo:
        report = Reporting("move", source)
        if source == target:
            raise failure(InvalidKey, "move", source, "cannot be moved onto itself")
        name = self._root.name(source)
        found = self._bucket.head(name, report)
        info = self._copying.copy([Source(name, found.size)], self._root.name(target), target, report)
        self.delete([source])
        return info

    def delete(self, keys: Iterable[str]) -> None:
        failed: dict[str, StorageError] = {}
        rest = iter(keys)
        while batch := list(islice(rest, MAX_DELETED)):
            names = {self._root.name(key): key for key in batch}
            for name, error in self._bucket.delete(list(names), Reporting("delete")).items():
                key = names.get(name, name)
                failed[key] = refused_key(error.get("Code", ""), error.get("Message", ""), "delete", key)
        DeleteFailed.raise_for(failed, driver=NAME)

    def upload_start(self, key: str) -> UploadState:
        return self._uploads.start(key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        return self._uploads.append(state, data)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return self._uploads.commit(state, state.key if target is None else target)

    def upload_abort(self, state: UploadState) -> None:
        self._uploads.abort(state)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        with Reporting("sign_url", key):
            return self._clients.urls.generate_presigned_url(
                "get_object" if method == "GET" else "head_object",
                Params={"Bucket": self._bucket.name, "Key": self._root.name(key)},
                ExpiresIn=max(1, int(expires.total_seconds())),
            )

    def health(self) -> Health:
        # The timeouts of the client begin anew with every byte.
        words = {"well": "the bucket is accessible", "late": f"no response within {HEALTH_SECONDS} s"}
        return health_within(HEALTH_SECONDS, self._check, name="s3-health", owner=self, **words)

    def close(self) -> None:
        """Stop all threads and close all connections. Idempotent."""
        self._uploads.close()
        self._copying.close()
        self._clients.close()

    def _check(self) -> None:
        with Reporting("health"):
            self._bucket.check(self._clients.health)
