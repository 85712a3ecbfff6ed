"""Uploads that any process can continue: parts as separate objects, and a journal of the valid appends."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

from entrepot_contract import Chunks, ObjectInfo, StorageError, UploadState, UploadUnknown
from entrepot_contract.toolkit.parts import PartSender
from entrepot_contract.toolkit.prefix import Root
from entrepot_contract.toolkit.tokens import Count, Id, TokenForm
from entrepot_storage_gcs.failures import Call
from entrepot_storage_gcs.journal import Journal, unknown
from entrepot_storage_gcs.objects import COMPOSED, Fields, Objects, info_of

__all__ = ["Uploads"]

Appends: TypeAlias = tuple[tuple[str, int], ...]
"""The nonce of each append, and the number of its parts."""

TOKEN: Final = TokenForm(tuple[Id, Count, Id | Literal[""], tuple[tuple[Id, Count], ...]])
"""The fields of ``Token``."""

MERGED: Final = 2000
"""Number of appends after which they are composed into one part, so that the token stays short."""


@dataclass(frozen=True, slots=True)
class Token:
    """The content of a state's token: the upload, the number of appends, the last nonce, and the parts of each."""

    upload: str
    depth: int = 0
    nonce: str = ""
    appends: Appends = ()

    @classmethod
    def of(cls, call: Call, state: UploadState) -> Self:
        content = TOKEN.read(state)
        if content is None:
            raise unknown(call)
        return cls(*content)

    def state(self, key: str, size: int) -> UploadState:
        return UploadState(key, size, json.dumps([self.upload, self.depth, self.nonce, self.appends]))


class Uploads:
    """The uploads of a bucket, which are stored below ``.entrepot/uploads/`` until they are committed."""

    def __init__(self, objects: Objects, root: Root, chunksize: int, parts: PartSender, calls: PartSender) -> None:
        self._objects = objects
        self._root = root
        self._chunksize = chunksize
        self._parts = parts
        self._calls = calls

    def start(self, call: Call, key: str) -> UploadState:
        token = Token(os.urandom(16).hex())
        self._journal(token).begin(call)
        return token.state(key, 0)

    def append(self, call: Call, state: UploadState, data: Chunks) -> UploadState:
        token, nonce = Token.of(call, state), os.urandom(8).hex()
        self._journal(token).check(call, token.depth, token.nonce)
        sent: list[str] = []

        def put(index: int, part: bytearray) -> int:
            name = self._part(token, nonce, index)
            sent.append(name)
            self._objects.insert(call, name, part)
            return len(part)

        try:
            sizes, rest = self._parts.send(data, self._chunksize, put)
            if rest:
                sizes.append(put(len(sizes), rest))
            appends = (*token.appends, (nonce, len(sizes)))
            if len(appends) > MERGED:
                appends = self._merge(call, token, appends)
            self._journal(token).enter(call, token.depth + 1, token.nonce, nonce)
        except BaseException:
            # The first error is raised; remaining parts are deleted with the upload, or by the bucket's lifecycle rule.
            with suppress(StorageError):
                self._remove(call, sent)
            raise
        return Token(token.upload, token.depth + 1, nonce, appends).state(state.key, state.size + sum(sizes))

    def commit(self, call: Call, state: UploadState, target: str) -> ObjectInfo:
        token = Token.of(call, state)
        self._journal(token).seal(call, token.depth, token.nonce)
        info = info_of(target, self._compose(call, token, token.appends, self._root.name(target)))
        # The object exists, and the seal prevents all states of the upload from being used: leftovers do no harm.
        with suppress(StorageError):
            self.abort(call, state)
        return info

    def abort(self, call: Call, state: UploadState) -> None:
        try:
            token = Token.of(call, state)
        except UploadUnknown:
            return
        self._journal(token).end(call)
        for items, _ in self._objects.pages(call, self._folder(token), fields="name"):
            self._remove(call, [item["name"] for item in items])

    def _merge(self, call: Call, token: Token, appends: Appends) -> Appends:
        nonce = os.urandom(8).hex()
        self._compose(call, token, appends, self._part(token, nonce, 0))
        return ((nonce, 1),)

    def _compose(self, call: Call, token: Token, appends: Appends, target: str) -> Fields:
        """Compose all parts into one object; atomic, because only the last request creates it."""
        names = [self._part(token, nonce, index) for nonce, count in appends for index in range(count)]
        if not names and (empty := self._objects.insert(call, target, b"")) is not None:
            return empty
        while len(names) > COMPOSED:
            names = self._compose_groups(call, token, names)
        return self._one(call, names, target)

    def _compose_groups(self, call: Call, token: Token, names: list[str]) -> list[str]:
        groups = [names[start : start + COMPOSED] for start in range(0, len(names), COMPOSED)]
        nonce = os.urandom(8).hex()
        made = [self._part(token, nonce, number) for number in range(len(groups))]
        self._calls.each(len(groups), lambda number: self._one(call, groups[number], made[number]))
        return made

    def _one(self, call: Call, sources: list[str], target: str) -> Fields:
        made = self._objects.compose(call, sources, target)
        if made is None:
            raise unknown(call)
        return made

    def _remove(self, call: Call, names: list[str]) -> None:
        self._calls.each(len(names), lambda number: self._objects.delete(call, names[number]))

    def _journal(self, token: Token) -> Journal:
        return Journal(self._objects, f"{self._folder(token)}journal/")

    def _part(self, token: Token, nonce: str, index: int) -> str:
        return f"{self._folder(token)}parts/{nonce}-{index:05}"

    def _folder(self, token: Token) -> str:
        return self._root.working(f"uploads/{token.upload}/")
