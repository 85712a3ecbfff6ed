"""Drivers that are wrong at certain sizes."""

from __future__ import annotations

import dataclasses
from contextlib import closing

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import ObjectInfo, UploadState, WriteMode

BLOCK = 2**22
OVERWRITE = WriteMode.OVERWRITE


@caught_by("test_put_writes_exactly_the_bytes_of_every_size")
class PutsOfWholeBlocksLoseTheLast(HonestDriver):
    """Takes the last block for empty if the body consists of complete blocks of 4 MiB."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if data and len(data) % BLOCK == 0:
            data = data[:-BLOCK]
        return super().put(key, data, mode=mode, durable=durable)


@caught_by("test_put_writes_exactly_the_bytes_of_every_size")
class PutsAboveABlockLoseAByte(HonestDriver):
    """Loses the one byte that follows a complete block of 64 KiB."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        if len(data) == 2**16 + 1:
            data = data[:-1] + b"\0"
        return super().put(key, data, mode=mode, durable=durable)


@caught_by("test_put_writes_exactly_the_bytes_of_every_size")
class PutsOf5MiBAreRounded(HonestDriver):
    """Reports the size of the minimum part for a body that is one byte shorter."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        info = super().put(key, data, mode=mode, durable=durable)
        return dataclasses.replace(info, size=info.size + 1) if info.size == 5 * 2**20 - 1 else info


@caught_by("test_uploads_have_exactly_the_bytes_that_were_appended[hint]")
class AppendsOfWholePartsLoseTheLast(HonestDriver):
    """Cuts an append into parts, and loses the last one if it is complete."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        part = self.capabilities.part_size_hint
        kept = data[:-part] if data and len(data) % part == 0 else data
        return dataclasses.replace(super().add(state, kept), size=state.size + len(data))


@caught_by("test_uploads_have_exactly_the_bytes_that_were_appended[hint]")
class RestsThatFillAPartAreLost(HonestDriver):
    """Loses the bytes of an append that complete a part exactly."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        part = self.capabilities.part_size_hint
        full = state.size % part and (state.size + len(data)) % part == 0
        return dataclasses.replace(super().add(state, b"" if full else data), size=state.size + len(data))


@caught_by("test_uploads_have_exactly_the_bytes_that_were_appended[5242880]")
class UploadsOf5MiBAreShort(HonestDriver):
    """Loses a byte of an upload that is one byte larger than 5 MiB."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        info = super().upload_commit(state, target=target)
        if info.size == 5 * 2**20 + 1:
            with self.read(info.key) as reader:
                return self.put(info.key, b"".join(reader)[:-1])
        return info


@caught_by("test_uploads_have_exactly_the_bytes_that_were_appended[65536]")
class EmptyAppendsAreCounted(HonestDriver):
    """Counts at least one byte for each append after the first one."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        new = super().add(state, data)
        return dataclasses.replace(new, size=new.size + (not data and state.size > 0))


@caught_by("test_uploads_have_many_appends")
class CommitTakesAPageOfAppends(HonestDriver):
    """Commits the first 200 appends."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with closing(self.connect()) as link:
            upload, serial = self.find(link, state, "upload_commit")
            query = "SELECT data FROM steps WHERE upload = ? AND serial <= ? ORDER BY serial LIMIT 200"
            data = b"".join(row[0] for row in link.execute(query, [upload, serial]))
        info = super().upload_commit(state, target=target)
        return self.put(info.key, data)


@caught_by("test_uploads_have_many_appends")
class AppendsAreSortedByName(HonestDriver):
    """Puts appends together in the order of their numbers as text."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with closing(self.connect()) as link:
            upload, serial = self.find(link, state, "upload_commit")
            query = "SELECT data FROM steps WHERE upload = ? AND serial <= ? ORDER BY CAST(serial AS TEXT)"
            data = b"".join(row[0] for row in link.execute(query, [upload, serial]))
        info = super().upload_commit(state, target=target)
        return self.put(info.key, data)
