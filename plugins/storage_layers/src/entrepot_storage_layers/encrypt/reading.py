"""Reads of the chunks of a range."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Final

from entrepot_contract import IntegrityError, ObjectInfo, RangeError, Reader, StorageDriver, Unavailable
from entrepot_contract.toolkit.reading import GeneratedReader
from entrepot_contract.toolkit.stamping import Stamped
from entrepot_storage_layers.encrypt.format import (
    CHUNK,
    FIRST,
    HEADER,
    SEALED,
    TAG,
    DamagedError,
    Header,
    place,
    plain_size,
    sealed_size,
)
from entrepot_storage_layers.encrypt.keys import Keys

__all__ = ["open_reader", "plain_info"]

TOGETHER: Final = 2**20
ATTEMPTS: Final = 5
"""Maximum number of attempts to read a header and a range while the object is being replaced."""


def plain_info(info: ObjectInfo, stamp: Stamped) -> ObjectInfo:
    """Return the info of an object with its plain size.

    Raises IntegrityError if no encrypted object has its size.
    """
    try:
        return replace(info, size=plain_size(info.size))
    except DamagedError as error:
        raise Stamped(stamp.driver, stamp.operation, info.key).failure(IntegrityError, str(error)) from error


def open_reader(
    inner: StorageDriver, keys: Keys, key: str, offset: int, length: int | None, stamp: Stamped
) -> DecryptingReader:
    """Return a reader of a range; takes one call of the inner driver if it starts in the first chunk, otherwise two."""
    first = offset // CHUNK
    wanted = None if length is None else max(1, -(-(offset + length) // CHUNK) - first)
    with stamp:
        if not first:
            reader = inner.read(key, length=None if wanted is None else place(wanted))
            return _opened(reader, keys, None, offset, length, stamp)
        for _ in range(ATTEMPTS):
            with inner.read(key, length=HEADER) as head:
                header, before = b"".join(head), head.info
            _check_offset(offset, plain_info(before, stamp).size, stamp)
            # Start at the previous chunk's tag, which the tag of the first chunk covers.
            start = min(place(first) - TAG, before.size)
            try:
                reader = inner.read(key, offset=start, length=None if wanted is None else wanted * SEALED + TAG)
            except RangeError:
                continue
            if reader.info == before:
                return _opened(reader, keys, header, offset, length, stamp)
            reader.close()
    raise stamp.failure(Unavailable, "the object is being replaced continuously; retry the read")


def _opened(
    reader: Reader, keys: Keys, header: bytes | None, offset: int, length: int | None, stamp: Stamped
) -> DecryptingReader:
    try:
        info = plain_info(reader.info, stamp)
        _check_offset(offset, info.size, stamp)
        end = info.size if length is None else min(info.size, offset + length)
        return DecryptingReader(reader, info, keys, header, offset, end, stamp)
    except BaseException:
        reader.close()
        raise


def _check_offset(offset: int, size: int, stamp: Stamped) -> None:
    if offset > size:
        raise stamp.failure(RangeError, f"offset {offset} is past the end of the object ({size} bytes)")


class DecryptingReader(GeneratedReader):
    """The bytes of one range; each chunk is returned after its tag is verified."""

    def __init__(
        self, reader: Reader, info: ObjectInfo, keys: Keys, header: bytes | None, offset: int, end: int, stamp: Stamped
    ) -> None:
        super().__init__(self._verified())
        self._reader, self._keys, self._stamp = reader, keys, stamp
        self.info = info
        self._range = offset, end
        self._source = _Source(reader)
        # The key is looked up here, so that a missing key fails the call, not the first chunk.
        self._header = self._parse(self._source.take(HEADER) if header is None else header)
        self._previous = FIRST if header is None or offset >= end else self._source.take(TAG)

    def _verified(self) -> Generator[bytes]:
        with self._stamp:
            try:
                yield from self._plain()
            except DamagedError as error:
                self._reader.close()
                raise self._stamp.failure(IntegrityError, str(error)) from error
            except EOFError as error:
                self._reader.close()
                raise self._stamp.failure(Unavailable, "the inner driver returned too few bytes") from error

    def _plain(self) -> Iterator[bytes]:
        offset, end = self._range
        ready: list[bytes] = []
        last = max(0, self.info.size - 1) // CHUNK
        # The only chunk of an empty object is verified as well.
        for number in range(offset // CHUNK, max(1, -(-end // CHUNK)) if offset < end or not self.info.size else 0):
            until = sealed_size(self.info.size) if number == last else place(number + 1)
            sealed = self._source.take(until - place(number))
            plain = self._header.open(number, self._previous, sealed, last=number == last)
            self._previous = sealed[-TAG:]
            begin = number * CHUNK
            ready.append(
                plain[max(0, offset - begin) : end - begin] if begin < offset or end < begin + CHUNK else plain
            )
            if len(ready) * CHUNK >= TOGETHER:
                yield b"".join(ready)
                ready.clear()
        if any(ready):
            yield b"".join(ready)

    def _parse(self, header: bytes) -> Header:
        try:
            return Header.parse(self._keys, header)
        except DamagedError as error:
            raise self._stamp.failure(IntegrityError, str(error)) from error

    def close(self) -> None:
        """Close the inner reader. Idempotent."""
        super().close()
        self._reader.close()


class _Source:
    """Reads a given number of bytes at a time from an inner reader."""

    def __init__(self, reader: Reader) -> None:
        self._chunks = iter(reader)
        self._held = bytearray()

    def take(self, size: int) -> bytes:
        while len(self._held) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise EOFError
            self._held += chunk
        with memoryview(self._held) as view:
            taken = bytes(view[:size])
        del self._held[:size]
        return taken
