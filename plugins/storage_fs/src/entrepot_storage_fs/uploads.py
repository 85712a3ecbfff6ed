"""Uploads that any process can continue.

An upload consists of a log file, which exists for as long as the upload does, and a file with the bytes received. Each
append adds the line ``size nonce`` to the log, and the state contains this line and its end offset: a state whose line
is no longer in the log has been overtaken.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import suppress
from typing import Final, Literal

from entrepot_contract import Chunks, ObjectInfo, UploadConflict, UploadState, UploadUnknown
from entrepot_contract.toolkit.tokens import Count, Id, TokenForm
from entrepot_storage_fs.failures import Reporting, failure
from entrepot_storage_fs.tree import Tree, info_of, seal
from entrepot_storage_fs.working import WorkingDirectory
from entrepot_storage_fs.writing import extend

__all__ = ["Uploads"]

TOKEN: Final = TokenForm(tuple[Id, Count, Id | Literal[""]])
"""The upload, the end of the state's line in its log, and the line's nonce."""

PATIENCE: Final = 1.0
"""Seconds that a commit waits for another commit, or for an append, of the same upload."""


class Uploads:
    """The uploads of a tree, in its working directory."""

    def __init__(self, tree: Tree, working: WorkingDirectory) -> None:
        self._tree = tree
        self._working = working

    def start(self, key: str) -> UploadState:
        upload = os.urandom(16).hex()
        with Reporting("upload_start", key):
            os.close(self._working.create(self._log(upload)))
        return UploadState(key, 0, json.dumps([upload, 0, ""]))

    def append(self, state: UploadState, data: Chunks) -> UploadState:
        report = Reporting("upload_append", state.key)
        upload, end, _ = _parse(state, "upload_append")
        with report:
            log = self._lock(state, "upload_append", patience=0)
        try:
            with report:
                if os.fstat(log).st_size > end:
                    os.ftruncate(log, end)
                body = self._open_data(state, "upload_append")
            try:
                size = extend(body, state.size, data, report)
            finally:
                os.close(body)
            nonce = os.urandom(8).hex()
            line = _line(size, nonce)
            with report:
                os.pwrite(log, line, end)
                lives = os.fstat(log).st_nlink > 0
        finally:
            os.close(log)
        if not lives:
            raise _unknown(state, "upload_append")
        return UploadState(state.key, size, json.dumps([upload, end + len(line), nonce]))

    def commit(self, state: UploadState, target: str) -> ObjectInfo:
        upload, _, _ = _parse(state, "upload_commit")
        with Reporting("upload_commit", target):
            log = self._lock(state, "upload_commit", patience=PATIENCE)
            try:
                body = self._open_data(state, "upload_commit")
                try:
                    status = seal(body)
                finally:
                    os.close(body)
                try:
                    self._tree.publish(self._data(upload), self._tree.path(target))
                except FileNotFoundError as error:
                    raise _unknown(state, "upload_commit") from error
                self._remove(self._log(upload))
            finally:
                os.close(log)
        return info_of(target, status)

    def abort(self, state: UploadState) -> None:
        content = TOKEN.read(state)
        if content is not None:
            # Without the lock: a running append may take hours, and detects at its end that the log is gone.
            with Reporting("upload_abort", state.key):
                self._remove(self._log(content[0]))
                self._remove(self._data(content[0]))

    def _lock(self, state: UploadState, operation: str, *, patience: float) -> int:
        """Open and lock the upload's log, after checking that it contains the state's line."""
        upload, end, nonce = _parse(state, operation)
        try:
            log = os.open(self._log(upload), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise _unknown(state, operation) from error
        try:
            locked = _try_lock(log, patience)
            lives = os.fstat(log).st_nlink > 0
            line = _line(state.size, nonce)
            known = not end or (end >= len(line) and os.pread(log, len(line), end - len(line)) == line)
        except BaseException:
            os.close(log)
            raise
        if locked and lives and known:
            return log
        os.close(log)
        if not lives:
            raise _unknown(state, operation)
        message = "another append was made from an earlier state" if locked else "another append is running"
        raise failure(UploadConflict, operation, state.key, f"{message}; query the upload's state")

    def _open_data(self, state: UploadState, operation: str) -> int:
        """Open the file of received bytes, truncated to the state's size."""
        upload, _, _ = _parse(state, operation)
        body = os.open(self._data(upload), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            size = os.fstat(body).st_size
            if size > state.size:
                os.ftruncate(body, state.size)
        except BaseException:
            os.close(body)
            raise
        if size >= state.size:
            return body
        os.close(body)
        # After power loss, or a commit that was killed after its rename.
        raise _unknown(state, operation)

    def _log(self, upload: str) -> str:
        return f"{self._working.uploads}/{upload}.log"

    def _data(self, upload: str) -> str:
        return f"{self._working.uploads}/{upload}.data"

    @staticmethod
    def _remove(path: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _parse(state: UploadState, operation: str) -> tuple[str, int, str]:
    content = TOKEN.read(state)
    if content is None:
        raise _unknown(state, operation)
    return content


def _line(size: int, nonce: str) -> bytes:
    return f"{size} {nonce}\n".encode()


def _try_lock(fd: int, patience: float) -> bool:
    """Return whether the lock could be acquired within ``patience`` seconds."""
    give_up = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                return False
            time.sleep(0.005)
        else:
            return True


def _unknown(state: UploadState, operation: str) -> UploadUnknown:
    return failure(
        UploadUnknown,
        operation,
        state.key,
        "the upload was committed, was aborted, was lost or never existed; start again",
    )
