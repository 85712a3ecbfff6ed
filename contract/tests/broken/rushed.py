"""Drivers with mistakes that show beside other writers, other drivers, or with equal and similar names."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import ClassVar

from contract.tests.broken.register import caught_by
from contract.tests.broken.signs import SigningDriver
from contract.tests.honest import HonestDriver

from entrepot_contract import (
    AlreadyExists,
    DeleteFailed,
    DriverOptions,
    NotFound,
    ObjectInfo,
    StorageError,
    Unavailable,
    UploadConflict,
    UploadState,
    WriteMode,
)

OVERWRITE = WriteMode.OVERWRITE


@caught_by("test_a_create_never_replaces_what_is_written_at_the_same_time")
class CreateLocksCreatesOnly(HonestDriver):
    """Looks and then writes, under a lock that only CREATE takes."""

    lock: ClassVar[threading.Lock] = threading.Lock()

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is OVERWRITE:
            return super().put(key, data, mode=mode, durable=durable)
        with self.lock:
            try:
                self.stat(key)
            except NotFound:
                time.sleep(0.002)
                return super().put(key, data, durable=durable)
        raise self.fail(AlreadyExists, "put", key)


@caught_by("test_drivers_of_one_process_write_at_the_same_time")
class StagesByProcess(HonestDriver):
    """Stages what it puts in a file that is named after the process and a number of the driver."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.lock, self.number = threading.Lock(), 0

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        with self.lock:
            self.number += 1
            staged = Path(f"{self.options.path}-{os.getpid()}-{self.number}")
        staged.write_bytes(data)
        time.sleep(0.001)
        try:
            content = staged.read_bytes()
            staged.unlink()
        except FileNotFoundError:
            raise self.fail(Unavailable, "put", key, "the staged file is gone") from None
        return super().put(key, content, mode=mode, durable=durable)


@caught_by("test_delete_of_a_missing_key_is_no_error")
class DeleteFailsForWhatItHasDeleted(HonestDriver):
    """Looks which keys of a batch exist, and takes one that is gone by its turn for one that could not be deleted."""

    def delete(self, keys: Iterable[str]) -> None:
        with closing(self.connect()) as link:
            there = [key for key in keys if link.execute("SELECT 1 FROM objects WHERE key = ?", [key]).fetchone()]
        failed: dict[str, StorageError] = {}
        for key in there:
            with self.writing() as link:
                if not link.execute("DELETE FROM objects WHERE key = ?", [key]).rowcount:
                    failed[key] = self.fail(Unavailable, "delete", key)
        if failed:
            raise DeleteFailed("some are left", driver=self.name, operation="delete", failed=failed)


@caught_by("test_signed_url_cannot_be_edited", signed=["GET", "HEAD"])
class SignsWithoutBorders(SigningDriver):
    """Signs the key and the end of the time as one text."""

    def signature(self, method: str, key: str, until: str) -> str:
        return super().signature(method, "", f"{key}{until}")


@caught_by("test_no_error_shows_a_secret_or_a_token")
class ConflictsShowTheToken(HonestDriver):
    """Raises a conflict from an error that quotes the token."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            return super().upload_commit(state, target=target)
        except UploadConflict as error:
            raise error from ValueError(f"412 for {state.token}")


@caught_by("test_keys_that_look_alike_are_different[create]")
class CreateIgnoresTheCase(HonestDriver):
    """Creates with a unique index that does not tell upper and lower case apart."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is WriteMode.CREATE:
            with closing(self.connect()) as link:
                query = "SELECT 1 FROM objects WHERE key = ? COLLATE NOCASE"
                if link.execute(query, [key]).fetchone():
                    raise self.fail(AlreadyExists, "put", key)
        return super().put(key, data, mode=mode, durable=durable)


@caught_by("test_close_leaves_another_driver_usable")
class ClosesWhatDeletesOfAll(HonestDriver):
    """Deletes with workers that all drivers on a store share, and that end when one is closed."""

    closed: ClassVar[set[str]] = set()

    def close(self) -> None:
        self.closed.add(self.options.path)

    def delete(self, keys: Iterable[str]) -> None:
        if self.options.path in self.closed:
            raise self.fail(Unavailable, "delete", None, "the workers have ended")
        super().delete(keys)
