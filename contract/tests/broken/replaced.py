"""Drivers whose readers do not survive a change of their object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast

from contract.tests.broken.reads import Reopening, Wrapped, whole
from contract.tests.broken.register import caught_by
from contract.tests.honest import CHUNK, HonestDriver, HonestReader

from entrepot_contract import NotFound, Reader, StorageError


class ReopensRanges(HonestDriver):
    """Reads each chunk of a range with a request of its own."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = cast("HonestReader", super().read(key, offset=offset, length=length))
        if not offset:
            return reader
        left = reader.left

        def requested(reader: HonestReader) -> Iterator[bytes]:
            for at in range(offset, offset + left, CHUNK):
                yield from self.piece(reader, at, min(CHUNK, offset + left - at))

        return Wrapped(reader, requested)

    def piece(self, reader: HonestReader, at: int, length: int) -> Iterator[bytes]:
        raise NotImplementedError


@caught_by("test_ranges_are_never_mixed_when_the_object_changes[same-size]")
class RangesMixVersions(ReopensRanges):
    """Continues a range in the new object."""

    def piece(self, reader: HonestReader, at: int, length: int) -> Iterator[bytes]:
        with HonestDriver.read(self, reader.info.key, offset=at, length=length) as part:
            yield from part


@caught_by("test_ranges_are_never_mixed_when_the_object_changes[moved-onto]")
class RangesCompareSizes(RangesMixVersions):
    """Notices a replaced object by a smaller size only."""

    def piece(self, reader: HonestReader, at: int, length: int) -> Iterator[bytes]:
        if self.stat(reader.info.key).size + CHUNK < reader.info.size:
            raise self.fail(NotFound, "read", reader.info.key)
        yield from super().piece(reader, at, length)


@caught_by("test_ranges_are_never_mixed_when_the_object_changes[deleted]")
class RangesEndShort(ReopensRanges):
    """Ends a range normally if the object is gone."""

    def piece(self, reader: HonestReader, at: int, length: int) -> Iterator[bytes]:
        try:
            with HonestDriver.read(self, reader.info.key, offset=at, length=length) as part:
                yield from part
        except NotFound:
            return


@caught_by("test_ranges_are_never_mixed_when_the_object_changes[shorter]")
class RangesOfShorterObjectsRaiseAnything(RangesMixVersions):
    """Raises a plain StorageError in the middle of a range whose object became shorter."""

    def piece(self, reader: HonestReader, at: int, length: int) -> Iterator[bytes]:
        if self.stat(reader.info.key).size < at:
            raise self.fail(StorageError, "read", reader.info.key)
        yield from super().piece(reader, at, length)


@caught_by("test_ranges_are_never_mixed_when_the_object_changes[written-again]")
class ReadersOpenLate(HonestDriver):
    """Opens the object at the first chunk, with the size that it had before."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        def late(reader: HonestReader) -> Iterator[bytes]:
            with HonestDriver.read(self, key, offset=offset, length=length) as other:
                yield from other

        return Wrapped(super().read(key, offset=offset, length=length), late)


@caught_by("test_small_objects_are_whole_when_they_change[overwritten]")
class SmallReadersOpenLate(ReadersOpenLate):
    """Opens a small object at the first chunk."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if self.stat(key).size > 2**20:
            return HonestDriver.read(self, key, offset=offset, length=length)
        return super().read(key, offset=offset, length=length)


@caught_by("test_small_objects_are_whole_when_they_change[deleted]")
class SmallReadersReopen(HonestDriver):
    """Opens the object again for every chunk."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if length is not None or offset:
            return super().read(key, offset=offset, length=length)
        reader = Reopening(super().read(key))
        reader.driver = self
        return reader


@caught_by("test_a_new_reader_sees_the_new_object")
class ReadersAreKept(HonestDriver):
    """Keeps what was read of an object, whatever is written to it later."""

    kept: ClassVar[dict[tuple[str, str, int, int | None], bytes]] = {}

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = super().read(key, offset=offset, length=length)
        asked = (str(self.options), key, offset, length)
        if length is None:
            return reader

        def remembered(reader: HonestReader) -> Iterator[bytes]:
            if asked not in self.kept:
                self.kept[asked] = b"".join(whole(reader))
            yield self.kept[asked]

        return Wrapped(reader, remembered)
