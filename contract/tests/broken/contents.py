"""Drivers that change certain contents, or confuse equal ones."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterable
from contextlib import closing

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import ObjectInfo, UploadState

ANY = "test_any_content_is_read_as_it_was_written"


@caught_by(ANY)
class TranslatesNewlines(HonestDriver):
    """Writes text with the newlines of another system."""

    def save(self, link: sqlite3.Connection, key: str, data: bytes) -> ObjectInfo:
        return super().save(link, key, data.replace(b"\r\n", b"\n") if len(data) < 10_000 else data)


@caught_by(ANY)
class DecompressesOnRead(HonestDriver):
    """Takes what was compressed by the caller for what it has compressed itself."""

    def save(self, link: sqlite3.Connection, key: str, data: bytes) -> ObjectInfo:
        return super().save(link, key, gzip.decompress(data) if bytes(data[:2]) == b"\x1f\x8b" else data)


@caught_by(ANY)
class CutsZerosAtTheEnd(HonestDriver):
    """Leaves out blocks of zeros at the end of an object, as in a sparse file."""

    def save(self, link: sqlite3.Connection, key: str, data: bytes) -> ObjectInfo:
        end = len(data)
        while end > 4096 and not any(data[end - 4096 : end]):
            end -= 4096
        return super().save(link, key, data[:end])


@caught_by("test_appends_of_equal_bytes_are_all_kept")
class SkipsAnEqualAppend(HonestDriver):
    """Takes an append of the bytes of the last one for its repetition."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        with closing(self.connect()) as link:
            upload, serial = self.find(link, state, "upload_append")
            found = link.execute("SELECT data FROM steps WHERE serial = ?", [serial]).fetchone()
        if found and len(data) and found[0] == bytes(data):
            return self.state(state.key, state.size + len(data), upload, serial)
        return super().add(state, data)


@caught_by("test_objects_of_equal_content_are_independent")
class StoresEqualContentOnce(HonestDriver):
    """Deletes content that another object has, too."""

    def delete(self, keys: Iterable[str]) -> None:
        doomed = list(keys)
        with self.writing() as link:
            for key in doomed:
                equal = "(SELECT data FROM objects WHERE key = ? AND size > 100000)"
                link.execute(f"DELETE FROM objects WHERE data = {equal}", [key])  # noqa: S608
        super().delete(doomed)
