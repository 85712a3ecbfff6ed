"""Drivers with a broken ``read``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import cast

from contract.tests.broken.register import caught_by
from contract.tests.honest import CHUNK, HonestDriver, HonestReader

from entrepot_contract import NotFound, RangeError, Reader


class Wrapped(HonestReader):
    """A reader with changed chunks and info."""

    def __init__(
        self, reader: Reader, chunks: Callable[[HonestReader], Iterator[bytes]] = HonestReader.__iter__
    ) -> None:
        inner = cast("HonestReader", reader)
        super().__init__(inner.link, inner.blob, inner.info, inner.left)
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks(self)


@caught_by("test_read_of_a_missing_key_raises_at_once")
class ReadRaisesLate(HonestDriver):
    """Raises NotFound only at the first chunk."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        try:
            return super().read(key, offset=offset, length=length)
        except NotFound as missing:
            return LateReader(missing)


class LateReader(HonestReader):
    """Raises in the iterator."""

    def __init__(self, error: NotFound) -> None:
        self.error = error

    def __iter__(self) -> Iterator[bytes]:
        raise self.error

    def close(self) -> None:
        return None


@caught_by("test_reader_info_is_of_the_complete_object")
class LargeReadersForgetTheirKey(HonestDriver):
    """Uses another code path for large objects, which loses the key."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = super().read(key, offset=offset, length=length)
        if reader.info.size > 2**16:
            cast("HonestReader", reader).info = dataclasses.replace(reader.info, key="")
        return reader


@caught_by("test_reader_can_be_closed_early_and_again")
class SmallReadersCloseOnce(HonestDriver):
    """Cannot close the reader of a small object twice."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = super().read(key, offset=offset, length=length)
        return OnceReader(reader) if reader.info.size < 2**16 else reader


@caught_by("test_read_gives_any_range")
class ReadTakesLengthForEnd(HonestDriver):
    """Reads up to ``length`` instead of ``offset + length``."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return super().read(key, offset=offset, length=None if length is None else max(0, length - offset))


@caught_by("test_read_gives_any_range")
class ReadRefusesLongRanges(HonestDriver):
    """Raises if a range extends past the end."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if length is not None and offset + length > self.stat(key).size:
            raise self.fail(RangeError, "read", key)
        return super().read(key, offset=offset, length=length)


@caught_by("test_read_ends_where_the_object_ends")
class ReadPastTheEndIsEmpty(HonestDriver):
    """Accepts an offset past the end."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return super().read(key, offset=min(offset, self.stat(key).size), length=length)


@caught_by("test_reader_gives_chunks_of_about_1_mib")
class ReadGivesOneChunk(HonestDriver):
    """Yields the object in one chunk."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return Wrapped(super().read(key, offset=offset, length=length), lambda reader: iter([b"".join(whole(reader))]))


@caught_by("test_reader_gives_chunks_of_about_1_mib")
class ReadGivesEmptyChunks(HonestDriver):
    """Yields an empty chunk before each other one."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return Wrapped(
            super().read(key, offset=offset, length=length),
            lambda reader: (chunk for full in whole(reader) for chunk in (b"", full)),
        )


@caught_by("test_read_never_holds_the_whole_object")
class ReadHoldsTheObject(HonestDriver):
    """Reads everything before it yields the first chunk."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return Wrapped(super().read(key, offset=offset, length=length), lambda reader: iter(list(whole(reader))))


def whole(reader: HonestReader) -> Iterator[bytes]:
    return HonestReader.__iter__(reader)


@caught_by("test_reader_info_is_of_the_complete_object")
class ReadTellsTheRange(HonestDriver):
    """Returns the size of the range as the size of the object."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = Wrapped(super().read(key, offset=offset, length=length))
        reader.info = dataclasses.replace(reader.info, size=reader.left)
        return reader


@caught_by("test_reader_can_be_closed_early_and_again")
class ReaderClosesOnce(HonestDriver):
    """Has readers that cannot be closed twice."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return OnceReader(super().read(key, offset=offset, length=length))


class OnceReader(Wrapped):
    """Cannot be closed twice."""

    closed = False

    def close(self) -> None:
        if self.closed:
            raise ValueError("closed already")
        self.closed = True
        super().close()


class Reopening(Wrapped):
    """Opens the object again for every chunk."""

    driver: HonestDriver
    ends_short = False

    def __iter__(self) -> Iterator[bytes]:
        at, size = 0, self.left
        while at < size:
            try:
                with self.driver.read(self.info.key, offset=at, length=min(CHUNK, size - at)) as part:
                    chunk = b"".join(part)
            except NotFound:
                if self.ends_short:
                    return
                raise
            if not chunk:
                return
            at += len(chunk)
            yield chunk


@caught_by("test_reader_never_ends_short_when_the_object_changes[delete]")
class ReadEndsShort(HonestDriver):
    """Ends normally if the object was deleted."""

    ends_short = True

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if length is not None:
            return super().read(key, offset=offset, length=length)
        reader = Reopening(super().read(key))
        reader.driver, reader.ends_short = self, self.ends_short
        return reader


@caught_by("test_reader_never_ends_short_when_the_object_changes[overwrite]")
class ReadMixesVersions(ReadEndsShort):
    """Continues in the new object after it started with the old one."""

    ends_short = False
