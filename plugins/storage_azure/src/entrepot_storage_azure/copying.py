"""Copies of blobs within Azure."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final, cast

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobBlock

from entrepot_contract import ObjectInfo
from entrepot_contract.toolkit.parts import PartSender
from entrepot_storage_azure.account import Account
from entrepot_storage_azure.failures import code_of

__all__ = ["Copies"]

WHOLE: Final = 256 * 2**20
"""Maximum size of Copy Blob From URL, in bytes."""

PART: Final = 64 * 2**20
TRIES: Final = 3


class Copies:
    """Atomic copies; an asynchronous Copy Blob would be visible before it is complete."""

    def __init__(self, account: Account, sender: PartSender) -> None:
        self._account = account
        self._sender = sender

    def copy(self, source: str, etag: str, size: int, target: str, key: str, check: Callable[[], None]) -> ObjectInfo:
        """Copy a blob whose etag is known; ``check`` raises if the source has changed meanwhile."""
        answer = (
            self._in_parts(source, etag, size, target, check) if size > WHOLE else self._at_once(source, etag, target)
        )
        return ObjectInfo(key, size, cast(datetime, answer["last_modified"]), str(answer["etag"]).strip('"'))

    def _at_once(self, source: str, etag: str, target: str) -> dict[str, str | datetime]:
        readable = self._account.source(source)
        return self._account.blob(target).start_copy_from_url(
            readable.url,
            source_authorization=readable.authorization,
            requires_sync=True,
            source_etag=etag,
            source_match_condition=MatchConditions.IfNotModified,
        )

    def _in_parts(
        self, source: str, etag: str, size: int, target: str, check: Callable[[], None]
    ) -> dict[str, str | datetime]:
        """Copy with concurrent Put Block From URL, and one Put Block List."""
        blob, readable = self._account.blob(target), self._account.source(source)
        for tried in range(1, TRIES + 1):
            # Unique names: blocks of another copy to the same target must never be used.
            nonce = secrets.token_urlsafe(6)
            names = [f"{nonce}{index:05}" for index in range(-(-size // PART))]

            def put(index: int, names: list[str] = names) -> None:
                start = index * PART
                blob.stage_block_from_url(
                    names[index],
                    readable.url,
                    start,
                    min(PART, size - start),
                    source_authorization=readable.authorization,
                )

            try:
                self._sender.each(len(names), put)
                check()
                return blob.commit_block_list([BlobBlock(name) for name in names])
            except HttpResponseError as error:
                if error.status_code == 501:
                    # Azurite does not support Put Block From URL, but copies blobs of any size at once.
                    return self._at_once(source, etag, target)
                # Completing another copy to the same target discards the blocks of this one.
                if code_of(error) != "InvalidBlockList" or tried == TRIES:
                    raise
        raise AssertionError("unreachable")
