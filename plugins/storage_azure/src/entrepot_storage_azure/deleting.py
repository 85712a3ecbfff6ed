"""Batch deletion of blobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from azure.core.exceptions import ResourceNotFoundError

from entrepot_contract import StorageError
from entrepot_contract.toolkit.parts import PartSender
from entrepot_contract.toolkit.prefix import Root
from entrepot_storage_azure.account import Account
from entrepot_storage_azure.failures import code_of

__all__ = ["delete_all"]

BATCH: Final = 256
"""Maximum number of deletions in one request."""


def delete_all(account: Account, root: Root, sender: PartSender, keys: Sequence[str]) -> dict[str, StorageError]:
    """Delete blobs, and return the error of each that could not be deleted."""

    def delete(index: int) -> dict[str, StorageError]:
        batch = keys[index * BATCH : (index + 1) * BATCH]
        try:
            with account.reporting("delete"):
                return _delete_one(account, root, batch[0]) if len(batch) == 1 else _delete_batch(account, root, batch)
        except StorageError as error:
            return dict.fromkeys(batch, error)

    batches = sender.each(-(-len(keys) // BATCH), delete)
    return {key: error for failed in batches for key, error in failed.items()}


def _delete_one(account: Account, root: Root, key: str) -> dict[str, StorageError]:
    try:
        account.blob(root.name(key)).delete_blob()
    except ResourceNotFoundError as error:
        if code_of(error) != "BlobNotFound":
            raise
    return {}


def _delete_batch(account: Account, root: Root, keys: Sequence[str]) -> dict[str, StorageError]:
    failed: dict[str, StorageError] = {}
    answers = account.container.delete_blobs(*map(root.name, keys), raise_on_any_failure=False)
    for key, answer in zip(keys, answers, strict=True):
        if answer.status_code != 202 and answer.headers.get("x-ms-error-code") != "BlobNotFound":
            failed[key] = account.refusal(answer.status_code, answer.headers, "delete", key)
    return failed
