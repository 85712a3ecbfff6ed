"""The Azure storage driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError

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
    Unavailable,
    Unsupported,
    UploadState,
    WriteMode,
)
from entrepot_contract.toolkit.parts import PartSender
from entrepot_contract.toolkit.prefix import Root
from entrepot_contract.toolkit.reading import BodyReader
from entrepot_contract.toolkit.timeouts import HEALTH_SECONDS, health_within
from entrepot_storage_azure.account import PATIENCE, Account
from entrepot_storage_azure.copying import Copies
from entrepot_storage_azure.deleting import delete_all
from entrepot_storage_azure.failures import NAME, code_of, failure
from entrepot_storage_azure.listing import info_of, listing
from entrepot_storage_azure.options import AzureOptions
from entrepot_storage_azure.reading import open_reader
from entrepot_storage_azure.uploads import BLOCK, MAX_BLOCKS, Uploads

__all__ = ["AzureDriver"]

THREADS: Final = 8
"""Number of blocks of 8 MiB that are sent concurrently."""


class AzureDriver(StorageDriver):
    """Objects as block blobs: the name of a blob is ``rootdirectory``, a slash and the key."""

    name = NAME
    contract = (1, 1)
    Options = AzureOptions

    def __init__(self, options: DriverOptions) -> None:
        if not isinstance(options, AzureOptions):
            raise TypeError(f"AzureDriver takes AzureOptions, not {type(options).__name__}")
        self._account = Account(options)
        self._root = Root(options.rootdirectory)
        self._sender = PartSender(THREADS, "azure")
        self._copies = Copies(self._account, self._sender)
        self._uploads = Uploads(self._account, self._root, self._sender, self._copies)

    @property
    def capabilities(self) -> Capabilities:
        # The host reads the capabilities at startup, which has to fail for an unsuitable account.
        self._account.check_namespace()
        return Capabilities(
            create=True,
            shared=True,
            durable=True,
            move="copy",
            signed_urls=frozenset({"GET", "HEAD"}) if self._account.can_sign else frozenset(),
            max_object_size=BLOCK * MAX_BLOCKS,
            part_size_hint=BLOCK,
            conditional_delete=True,
        )

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        create = mode is WriteMode.CREATE
        # A CREATE whose response was lost would find its own object when retried.
        retries: dict[str, Any] = {"retry_total": 0} if create else {}
        with self._account.reporting("put", key):
            blob = self._account.blob(self._root.name(key))
            try:
                made = blob.upload_blob(data, length=len(data), overwrite=not create, validate_content=True, **retries)
            except ResourceExistsError as error:
                if code_of(error) != "BlobAlreadyExists":
                    raise
                raise failure(AlreadyExists, "put", key, "the key already exists") from error
        return ObjectInfo(key, len(data), made["last_modified"], made["etag"].strip('"'))

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> BodyReader:
        with self._account.reporting("read", key):
            return open_reader(self._account, self._root.name(key), key, offset, length)

    def stat(self, key: str) -> ObjectInfo:
        with self._account.reporting("stat", key):
            return info_of(key, self._account.blob(self._root.name(key)).get_blob_properties())

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        with self._account.reporting("list_objects", prefix or None):
            yield from listing(self._account, self._root, prefix, start_after, shallow)

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target:
            raise failure(InvalidKey, "move", source, "cannot be moved onto itself")
        with self._account.reporting("move", source):
            name = self._root.name(source)
            blob = self._account.blob(name)
            old = blob.get_blob_properties()

            def check() -> None:
                if blob.get_blob_properties().etag != old.etag:
                    raise failure(Unavailable, "move", source, "the object was replaced meanwhile; retry the move")

            info = self._copies.copy(name, str(old.etag), old.size, self._root.name(target), target, check)
            blob.delete_blob(etag=old.etag, match_condition=MatchConditions.IfNotModified)
        return info

    def delete(self, keys: Iterable[str]) -> None:
        failed = delete_all(self._account, self._root, self._sender, list(dict.fromkeys(keys)))
        DeleteFailed.raise_for(failed, driver=NAME)

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        if info.etag is None:
            return False
        with self._account.reporting("delete_unchanged", info.key):
            # A retry after a lost response would find nothing, because this request has deleted it.
            once: dict[str, Any] = {"retry_total": 0}
            try:
                self._account.blob(self._root.name(info.key)).delete_blob(
                    etag=info.etag, match_condition=MatchConditions.IfNotModified, **once
                )
            except ResourceModifiedError:
                return False
            except ResourceNotFoundError as error:
                if code_of(error) != "BlobNotFound":
                    raise
                return False
            return True

    def upload_start(self, key: str) -> UploadState:
        return self._uploads.start(key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        return self._uploads.append(state, data)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return self._uploads.commit(state, state.key if target is None else target)

    def upload_abort(self, state: UploadState) -> None:
        self._uploads.abort(state)

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        if not self._account.can_sign:
            raise failure(
                Unsupported, "sign_url", key, "a shared access signature cannot sign URLs; configure the account key"
            )
        with self._account.reporting("sign_url", key):
            return self._account.signed(self._root.name(key), expires)

    def health(self) -> Health:
        # The timeouts of the client begin anew with every byte.
        words = {"well": "the container is accessible", "late": f"no response within {HEALTH_SECONDS} s"}
        return health_within(HEALTH_SECONDS, self._check, name="azure-health", owner=self, **words)

    def close(self) -> None:
        self._sender.close()
        self._account.close()

    def _check(self) -> None:
        with self._account.reporting("health"):
            # Permission to list is required anyway; a container SAS cannot grant access to its properties.
            once: dict[str, Any] = {"retry_total": 0, "connection_timeout": PATIENCE, "read_timeout": PATIENCE}
            found = self._account.container.list_blob_names(
                name_starts_with=self._root.working(""), results_per_page=1, **once
            )
            next(found.by_page())
