"""Uploads: every append is a file of its own, and ``head`` names those that count, in order.

Nothing that was written is ever changed, so an older state stays good. Who commits first takes the whole directory
away by one rename (in memory: ``head``, under a lock), after which no append can change ``head`` any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from secrets import token_hex
from threading import Lock
from typing import Any, Final

from entrepot_contract import Chunks, IntegrityError, ObjectInfo, UploadConflict, UploadState, UploadUnknown
from entrepot_storage_fsspec.failures import Reporting, failure
from entrepot_storage_fsspec.store import CHUNK, TRIES, FileSystem, Store

Segments = list[list[Any]]
_HEADS: Final = Lock()


class Uploads:
    def __init__(self, store: Store) -> None:
        self._store = store

    def start(self, key: str) -> UploadState:
        upload = token_hex(16)
        with Reporting("upload_start", key), self._store.borrowed() as fs:
            self._store.write(fs, f"{self._folder(upload)}/head", b"[]")
        return UploadState(key, 0, json.dumps([upload, []]))

    def append(self, state: UploadState, data: Chunks) -> UploadState:
        report = Reporting("upload_append", state.key)
        upload, segments = _parse(state, report)
        folder, name, size = self._folder(upload), token_hex(16), 0
        with self._store.borrowed() as fs:
            with report:
                self._check(fs, folder, segments, report)
                handle = fs.open(f"{folder}/{name}", "wb")
            try:
                for piece in _gathered(data):
                    size += len(piece)
                    with report:
                        handle.write(piece)
                with report:
                    handle.close()
                    self._advance(fs, folder, [*segments, [name, size]])
            except BaseException:
                with suppress(Exception):  # what has failed is told, and the file counts for nothing
                    handle.close()
                    fs.rm_file(f"{folder}/{name}")
                raise
        return UploadState(state.key, state.size + size, json.dumps([upload, [*segments, [name, size]]]))

    def commit(self, state: UploadState, target: str) -> ObjectInfo:
        report = Reporting("upload_commit", state.key)
        upload, segments = _parse(state, report)
        with report, self._store.borrowed() as fs:
            taken, head = self._take(fs, self._folder(upload), segments, report)
            try:
                whole = self._whole(fs, taken, segments)
                size, modified = self._store.info(fs, whole)
                _compare(size, state, report)
                self._store.publish(fs, whole, self._store.path(target))
            except BaseException:
                # On another connection; where that fails too, the upload is unknown from now on.
                with suppress(Exception), self._store.borrowed() as other:
                    if self._store.tree:
                        self._store.rename(other, taken, self._folder(upload))
                    else:
                        self._store.write(other, f"{taken}/head", json.dumps(head).encode())
                raise
            with suppress(OSError):  # the object is there, and what is left of the upload counts for nothing
                self._drop(fs, taken)
            return ObjectInfo(target, size, modified, None)

    def abort(self, state: UploadState) -> None:
        report = Reporting("upload_abort", state.key)
        folder = self._folder(_parse(state, report)[0])
        with report, self._store.borrowed() as fs, suppress(FileNotFoundError):
            self._drop(fs, self._take(fs, folder, [], report)[0])

    def _folder(self, upload: str) -> str:
        return self._store.path(f".entrepot/uploads/{upload}")

    def _check(self, fs: FileSystem, folder: str, segments: Segments, report: Reporting) -> Segments:
        head: Segments = json.loads(fs.cat_file(f"{folder}/head"))
        if head[: len(segments)] != segments:
            raise failure(UploadConflict, report.operation, report.key, "another append was made from an earlier state")
        return head

    def _advance(self, fs: FileSystem, folder: str, segments: Segments) -> None:
        text = json.dumps(segments).encode()
        if self._store.tree:
            fs.pipe_file(f"{folder}/{segments[-1][0]}.head", text)
            self._store.rename(fs, f"{folder}/{segments[-1][0]}.head", f"{folder}/head")
            return
        with _HEADS:
            self._store.info(fs, f"{folder}/head")
            fs.pipe_file(f"{folder}/head", text)

    def _take(self, fs: FileSystem, folder: str, segments: Segments, report: Reporting) -> tuple[str, Segments]:
        if not self._store.tree:
            with _HEADS:
                head = self._check(fs, folder, segments, report)
                fs.rm_file(f"{folder}/head")
            return folder, head
        self._check(fs, folder, segments, report)
        self._store.rename(fs, folder, f"{folder}.taken")
        try:
            return f"{folder}.taken", self._check(fs, f"{folder}.taken", segments, report)
        except BaseException:
            self._store.rename(fs, f"{folder}.taken", folder)
            raise

    def _whole(self, fs: FileSystem, folder: str, segments: Segments) -> str:
        """One file of all bytes: the only one that has any, or a new one that is copied together here."""
        names = [name for name, size in segments if size]
        if len(names) == 1:
            return f"{folder}/{names[0]}"
        with fs.open(f"{folder}/whole", "wb") as whole:
            for name in names:
                with self._store.open(fs, f"{folder}/{name}") as part:
                    while piece := part.read(CHUNK):
                        whole.write(piece)
        return f"{folder}/whole"

    def _drop(self, fs: FileSystem, folder: str) -> None:
        for _ in range(TRIES):
            with suppress(FileNotFoundError):
                for each in fs.ls(folder, detail=True):
                    fs.rm_file(each["name"])
                if self._store.tree:
                    fs.rmdir(folder)
                return
            # An append that has lost may remove its own file, or has just made it: once more.
            if self._store.kind(fs, folder) is None:
                return


def _parse(state: UploadState, report: Reporting) -> tuple[str, Segments]:
    try:
        upload, segments = json.loads(state.token)
    except ValueError as error:
        raise failure(UploadUnknown, report.operation, state.key, "the token is no token of this driver") from error
    return upload, segments


def _compare(size: int, state: UploadState, report: Reporting) -> None:
    if size != state.size:
        message = f"{size} bytes are there and {state.size} were received; push again"
        raise failure(IntegrityError, report.operation, state.key, message)


def _gathered(data: Chunks) -> Iterator[bytes]:
    buffer = bytearray()
    for chunk in data:
        buffer += chunk
        if len(buffer) >= CHUNK:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)
