"""Uploads that any process can continue.

An upload is a working blob, whose committed block list is the data received: each append adds blocks to it with one
Put Block List, and blocks that are not listed are discarded. A state contains its blocks and their etag. If the etag is
unchanged, the state is valid; otherwise, it is valid if the block list begins with its blocks.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Final, Self
from uuid import NAMESPACE_OID, uuid4, uuid5

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, BlobClient, BlobLeaseClient

from entrepot_contract import Chunks, ObjectInfo, StorageError, UploadConflict, UploadState, UploadUnknown
from entrepot_contract.toolkit.parts import PartSender
from entrepot_contract.toolkit.prefix import Root
from entrepot_contract.toolkit.tokens import Count, Id, TokenForm
from entrepot_storage_azure.account import Account
from entrepot_storage_azure.copying import Copies
from entrepot_storage_azure.failures import code_of, failure

__all__ = ["BLOCK", "MAX_BLOCKS", "Uploads"]

TOKEN: Final = TokenForm(tuple[Id, str, tuple[tuple[Id, Count], ...]])
"""The fields of ``Upload``."""

BLOCK: Final = 8 * 2**20
MAX_BLOCKS: Final = 50_000
"""Maximum number of blocks of a blob."""

LEASE: Final = 60
"""Seconds after which another process may take over a commit; the lease is renewed during the commit."""

PATIENCE: Final = 10.0
"""Seconds that a commit waits for another commit of the same upload."""

_CHANGED: Final = frozenset({"ConditionNotMet", "SourceConditionNotMet", "TargetConditionNotMet"})
_LEASED: Final = frozenset({"LeaseIdMissing", "LeaseAlreadyPresent", "LeaseIsBreakingAndCannotBeAcquired"})
_LOST: Final = frozenset(
    {
        "LeaseIdMismatchWithLeaseOperation",
        "LeaseIdMismatchWithBlobOperation",
        "LeaseLost",
        "LeaseNotPresentWithBlobOperation",
    }
)


@dataclass(frozen=True)
class Upload:
    """The content of a state's token; ``runs`` has the nonce and the number of blocks of each append."""

    name: str
    etag: str
    runs: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, state: UploadState, operation: str) -> Self:
        content = TOKEN.read(state)
        if content is None:
            raise _unknown(state, operation)
        return cls(*content)

    def token(self) -> str:
        return json.dumps([self.name, self.etag, self.runs], separators=(",", ":"))

    def blocks(self) -> list[str]:
        return [f"{nonce}{index:05}" for nonce, count in self.runs for index in range(count)]


class Uploads:
    """The uploads of a container."""

    def __init__(self, account: Account, root: Root, sender: PartSender, copies: Copies) -> None:
        self._account = account
        self._root = root
        self._sender = sender
        self._copies = copies

    def start(self, key: str) -> UploadState:
        upload = uuid4().hex
        with self._account.reporting("upload_start", key):
            made = self._blob(upload).upload_blob(b"", overwrite=True)
        return UploadState(key, 0, Upload(upload, str(made["etag"])).token())

    def append(self, state: UploadState, data: Chunks) -> UploadState:
        report = self._account.reporting("upload_append", state.key)
        upload = Upload.of(state, "upload_append")
        blob, nonce = self._blob(upload.name), secrets.token_urlsafe(6)

        def put(index: int, part: bytearray) -> int:
            with report:
                try:
                    # With a stream, the connection's timeout applies to each 32 KiB, not to the complete block.
                    blob.stage_block(f"{nonce}{index:05}", BytesIO(part), length=len(part), validate_content=True)
                except HttpResponseError as error:
                    raise self._meant(error, state, "upload_append") from error
            return len(part)

        sent, rest = self._sender.send(data, BLOCK, put)
        if rest:
            sent.append(put(len(sent), rest))
        runs = (*upload.runs, (nonce, len(sent))) if sent else upload.runs
        with report:
            etag = self._publish(blob, state, upload, Upload(upload.name, "", runs), "upload_append", upload.etag)
        return UploadState(state.key, state.size + sum(sent), Upload(upload.name, etag, runs).token())

    def commit(self, state: UploadState, target: str) -> ObjectInfo:
        operation = "upload_commit"
        upload = Upload.of(state, operation)
        blob, name = self._blob(upload.name), self._root.working(f"uploads/{upload.name}")
        with self._account.reporting(operation, target):
            etag, lease = self._claim(blob, state, upload)
            try:
                info = self._copies.copy(name, etag, state.size, self._root.name(target), target, lease.renew)
            except HttpResponseError as error:
                raise self._meant(error, state, operation) from error
            try:
                blob.delete_blob(lease=lease)
            except HttpResponseError as error:
                # The object exists: it no longer matters that another process ended the upload or took it over.
                if code_of(error) not in _LOST | {"BlobNotFound"}:
                    raise
        return info

    def abort(self, state: UploadState) -> None:
        content = TOKEN.read(state)
        if content is None:
            return
        blob = self._blob(content[0])
        with self._account.reporting("upload_abort", state.key):
            try:
                try:
                    blob.delete_blob()
                except HttpResponseError as error:
                    if code_of(error) not in _LEASED:
                        raise
                    BlobLeaseClient(blob).break_lease(0)
                    blob.delete_blob()
            except ResourceNotFoundError as error:
                if code_of(error) != "BlobNotFound":
                    raise

    def _blob(self, upload: str) -> BlobClient:
        return self._account.blob(self._root.working(f"uploads/{upload}"))

    def _publish(
        self, blob: BlobClient, state: UploadState, own: Upload, wanted: Upload, operation: str, etag: str | None
    ) -> str:
        """Set the block list to ``wanted``, if it begins with the state's own blocks; return its etag."""
        blocks = wanted.blocks()
        while True:
            if etag is None:
                etag, found = self._current(blob, state, own.blocks(), operation)
                if found == blocks:
                    return etag
            try:
                listed = [BlobBlock(block) for block in blocks]
                answer = blob.commit_block_list(listed, etag=etag, match_condition=MatchConditions.IfNotModified)
                return str(answer["etag"])
            except HttpResponseError as error:
                if code_of(error) not in _CHANGED | {"BlobNotFound"}:
                    raise self._meant(error, state, operation) from error
            etag = None

    def _current(self, blob: BlobClient, state: UploadState, own: list[str], operation: str) -> tuple[str, list[str]]:
        """Return the current etag and block list.

        Raises UploadUnknown if there is none, and UploadConflict if it does not begin with ``own``.
        """
        try:
            etag = str(blob.get_blob_properties().etag)
            found = [block.id for block in blob.get_block_list()[0]]
        except HttpResponseError as error:
            raise self._meant(error, state, operation) from error
        if found[: len(own)] != own:
            raise _conflict(state, operation)
        return etag, found

    def _claim(self, blob: BlobClient, state: UploadState, upload: Upload) -> tuple[str, BlobLeaseClient]:
        """Lease the blob if it contains exactly the state's blocks; return its etag and the lease.

        The same state requests the same lease, so that a commit can be repeated after a crash.
        """
        operation, etag = "upload_commit", upload.etag
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                lease = str(uuid5(NAMESPACE_OID, state.token))
                matching = MatchConditions.IfNotModified
                return etag, blob.acquire_lease(LEASE, lease, etag=etag, match_condition=matching)
            except HttpResponseError as error:
                code = code_of(error)
                if code not in _CHANGED | _LEASED or time.monotonic() > give_up:
                    raise self._meant(error, state, operation) from error
            if code in _LEASED:
                time.sleep(0.1)
            else:
                etag = self._publish(blob, state, upload, upload, operation, None)

    def _meant(self, error: HttpResponseError, state: UploadState, operation: str) -> StorageError | HttpResponseError:
        """Return the contract's error for an upload, or the error itself if it is not specific to uploads."""
        code = code_of(error)
        if code in {"BlobNotFound", "CannotVerifyCopySource"} and error.status_code == 404:
            return _unknown(state, operation)
        if code in _CHANGED | _LEASED | _LOST | {"InvalidBlockList"}:
            return _conflict(state, operation)
        return error


def _unknown(state: UploadState, operation: str) -> UploadUnknown:
    return failure(
        UploadUnknown,
        operation,
        state.key,
        "the upload was committed, was aborted, was lost or never existed; start again",
    )


def _conflict(state: UploadState, operation: str) -> UploadConflict:
    return failure(
        UploadConflict,
        operation,
        state.key,
        "another append was made from an earlier state, or a commit is running; query the upload's state",
    )
