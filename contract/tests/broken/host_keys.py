"""Drivers that treat the keys of blobs specially, and wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256

from contract.tests.broken.reads import Wrapped, whole
from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver, HonestReader

from entrepot_contract import NotFound, ObjectInfo, Reader, UploadState, WriteMode

AGAIN = "test_blobs_are_read_again_and_again"
PARTLY = "test_blobs_are_read_partly_and_beside_each_other"
OTHER = "test_blobs_with_other_content_are_read_as_they_are"
REPLACED = "test_blobs_and_links_are_replaced_by_another_driver"


class Caching(HonestDriver):
    """Keeps a copy of each blob that was read completely."""

    def copies(self) -> dict[str, bytes]:
        found: dict[str, bytes] = self.__dict__.setdefault("kept", {})
        return found

    def is_kept(self, key: str) -> bool:
        return "/blobs/" in key

    def drop(self, key: str) -> None:
        self.copies().pop(key, None)

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        info = super().put(key, data, mode=mode, durable=durable)
        self.drop(key)
        return info

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        info = super().upload_commit(state, target=target)
        self.drop(info.key)
        return info

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = super().read(key, offset=offset, length=length)
        return Wrapped(reader, self.chunks(key, offset, length)) if self.is_kept(key) else reader

    def chunks(self, key: str, offset: int, length: int | None) -> Callable[[HonestReader], Iterator[bytes]]:
        def copied(reader: HonestReader) -> Iterator[bytes]:
            kept = self.copies().get(key)
            if kept is not None:
                end = None if length is None else offset + length
                yield from filter(None, [self.part(kept, offset, end)])
                return
            got = []
            for chunk in whole(reader):
                got.append(chunk)
                yield chunk
            if not offset and length is None:
                self.copies()[key] = self.copy_of(b"".join(got))

        return copied

    def part(self, kept: bytes, offset: int, end: int | None) -> bytes:
        return kept[offset:end]

    def copy_of(self, data: bytes) -> bytes:
        return data


@caught_by(f"{AGAIN}[small]")
class CopiesLoseTheirEnd(Caching):
    """Keeps all but the last bytes of a blob."""

    def copy_of(self, data: bytes) -> bytes:
        return data[: len(data) // 1024 * 1024]


@caught_by(f"{AGAIN}[large]")
class CopiesHaveNoRanges(Caching):
    """Reads ranges of a copy from its beginning."""

    def part(self, kept: bytes, offset: int, end: int | None) -> bytes:
        return kept if end is None else kept[: end - offset]


@caught_by(f"{AGAIN}[byte]")
class CopiesSurviveADeletion(Caching):
    """Finds a blob that was deleted in its copies."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        try:
            return super().read(key, offset=offset, length=length)
        except NotFound:
            if key not in self.copies():
                raise
            HonestDriver.put(self, key, self.copies()[key])
            return super().read(key, offset=offset, length=length)


@caught_by(PARTLY)
class CopiesAreMadeOfParts(Caching):
    """Keeps what was read of a blob, also if the reader was left early."""

    def chunks(self, key: str, offset: int, length: int | None) -> Callable[[HonestReader], Iterator[bytes]]:
        inner = super().chunks(key, offset, length)

        def copied(reader: HonestReader) -> Iterator[bytes]:
            for chunk in inner(reader):
                self.copies().setdefault(key, chunk)
                yield chunk

        return copied


@caught_by(PARTLY)
class CopiesAreSharedWhileTheyGrow(Caching):
    """Has one buffer for each blob, to which all its readers append."""

    def chunks(self, key: str, offset: int, length: int | None) -> Callable[[HonestReader], Iterator[bytes]]:
        buffers = self.__dict__.setdefault("buffers", {})

        def copied(reader: HonestReader) -> Iterator[bytes]:
            buffer = buffers.setdefault(key, bytearray())
            for chunk in whole(reader):
                buffer += chunk
                yield bytes(buffer[-len(chunk) :]) if len(buffer) <= reader.info.size else bytes(buffer[: len(chunk)])

        return copied


@caught_by(OTHER)
class DigestsAreTrusted(Caching):
    """Takes a copy for the blob, whatever is written to its key later."""

    def drop(self, key: str) -> None:
        return None


@caught_by(OTHER)
class DigestsAreChecked(HonestDriver):
    """Hides a blob whose content does not match its key."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = super().read(key, offset=offset, length=length)
        if "/blobs/" in key and not offset and length is None:
            with super().read(key) as other:
                found = sha256(b"".join(other)).hexdigest()
            if found not in key:
                reader.close()
                raise self.fail(NotFound, "read", key, "the blob is damaged")
        return reader


@caught_by(REPLACED)
class LinksAreKept(Caching):
    """Keeps links too, and does not see that another driver replaces them."""

    def is_kept(self, key: str) -> bool:
        return key.endswith("/link")


@caught_by(REPLACED)
class MissingBlobsAreRemembered(HonestDriver):
    """Remembers that a blob was missing."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        missing = self.__dict__.setdefault("missing", set())
        if key in missing:
            raise self.fail(NotFound, "read", key)
        try:
            return super().read(key, offset=offset, length=length)
        except NotFound:
            missing.add(key)
            raise
