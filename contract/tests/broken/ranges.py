"""Drivers that read ranges wrongly."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import cast

from contract.tests.broken.reads import LateReader, Wrapped, whole
from contract.tests.broken.register import caught_by
from contract.tests.honest import CHUNK, HonestDriver, HonestReader

from entrepot_contract import Chunks, NotFound, ObjectInfo, RangeError, Reader, Unavailable, UploadState


class ChunkedRanges(HonestDriver):
    """Reads ranges with the chunks of ``cut``, and complete objects correctly."""

    def cut(self, reader: HonestReader) -> Iterator[bytes]:
        return whole(reader)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = super().read(key, offset=offset, length=length)
        return reader if length is None and not offset else Wrapped(reader, self.cut)


@caught_by("test_range_of_a_missing_key_raises_at_once")
class RangeRaisesLate(HonestDriver):
    """Raises NotFound at the first chunk if a range is read."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        try:
            return super().read(key, offset=offset, length=length)
        except NotFound as missing:
            if length is None:
                raise
            return LateReader(missing)


@caught_by("test_range_of_a_missing_key_raises_at_once")
class EmptyRangeOfNothing(HonestDriver):
    """Answers a range of length 0 without a look at the object."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if length != 0:
            return super().read(key, offset=offset, length=length)
        try:
            return super().read(key, length=0)
        except NotFound:
            self.put("_nothing", b"")
            return super().read("_nothing")


@caught_by("test_range_of_a_missing_key_raises_at_once")
class MissingRangesArePastTheEnd(HonestDriver):
    """Raises RangeError for a range of a missing key."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        try:
            return super().read(key, offset=offset, length=length)
        except NotFound as missing:
            if offset:
                raise self.fail(RangeError, "read", key) from missing
            raise


@caught_by("test_range_that_starts_past_the_end_raises_at_once[100000]")
class EmptyRangesStartAnywhere(HonestDriver):
    """Accepts an offset far past the end if the length is 0."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return super().read(key, offset=0 if length == 0 else offset, length=length)


@caught_by("test_range_that_starts_past_the_end_raises_at_once[1]")
class OffsetsWrap(HonestDriver):
    """Keeps only 32 bits of an offset."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return super().read(key, offset=offset % 2**32, length=length)


@caught_by("test_range_that_starts_past_the_end_raises_at_once[0]")
class RangesOfNothingArePastTheEnd(HonestDriver):
    """Raises RangeError for every range of an empty object, as HTTP servers do."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if length is not None and not self.stat(key).size:
            raise self.fail(RangeError, "read", key)
        return super().read(key, offset=offset, length=length)


@caught_by("test_range_of_any_length_is_truncated")
class LengthsWrap(HonestDriver):
    """Keeps only 32 bits of a length."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return super().read(key, offset=offset, length=None if length is None else length % 2**32)


@caught_by("test_range_of_any_length_is_truncated")
class EndsOverflow(HonestDriver):
    """Fails if the end of a range is more than a signed 64-bit integer."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if length is not None and offset + length >= 2**63:
            raise self.fail(Unavailable, "read", key, "the backend refused the range")
        return super().read(key, offset=offset, length=length)


@caught_by("test_range_of_any_length_is_truncated")
class LengthsAreFloats(HonestDriver):
    """Computes the number of bytes that are left with floats."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        end = None if length is None else int(float(offset + length)) - offset
        if length is not None and length > 2**53:
            end = int(float(self.stat(key).size) * (1 - 1e-5)) - offset
        return super().read(key, offset=offset, length=end)


@caught_by("test_range_at_every_boundary[put]")
class LastByteIsLost(HonestDriver):
    """Loses the last byte of a range that starts at a multiple of 1 MiB."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        short = length and offset and offset % CHUNK == 0
        return super().read(key, offset=offset, length=(length or 0) - 1 if short else length)


@caught_by("test_range_at_every_boundary[put]")
class LengthOfZeroIsEverything(HonestDriver):
    """Takes a length of 0 for no length."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return super().read(key, offset=offset, length=length or None)


class Parted(HonestDriver):
    """Remembers where the parts of a committed object begin."""

    cuts: dict[str, list[int]]

    def upload_start(self, key: str) -> UploadState:
        self.sizes: list[int] = []
        self.cuts = getattr(self, "cuts", {})
        return super().upload_start(key)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        new = super().upload_append(state, data)
        self.sizes.append(new.size)
        return new

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        info = super().upload_commit(state, target=target)
        self.cuts[info.key] = list(self.sizes)
        return info


@caught_by("test_range_at_every_boundary[commit]")
class RangesEndAtParts(Parted):
    """Ends a range at the end of the part in which it begins, if that is not the last one."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if length is not None:
            for cut in self.cuts.get(key, []):
                if offset < cut < offset + length:
                    return super().read(key, offset=offset, length=cut - offset)
        return super().read(key, offset=offset, length=length)


@caught_by("test_range_at_every_boundary[move]")
class MovedObjectsHaveNoRanges(HonestDriver):
    """Serves ranges of moved objects from the beginning."""

    def move(self, source: str, target: str) -> ObjectInfo:
        self.moved = target
        return super().move(source, target)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if length is not None and key == getattr(self, "moved", None) and offset + length <= self.stat(key).size:
            offset = 0
        return super().read(key, offset=offset, length=length)


@caught_by("test_range_is_streamed_in_chunks_of_about_1_mib")
class RangesAreHeld(ChunkedRanges):
    """Reads a range completely before it yields the first chunk."""

    def cut(self, reader: HonestReader) -> Iterator[bytes]:
        return iter(list(whole(reader)))


@caught_by("test_range_is_streamed_in_chunks_of_about_1_mib")
class RangesAreViews(ChunkedRanges):
    """Yields memoryviews from a range."""

    def cut(self, reader: HonestReader) -> Iterator[bytes]:
        return (cast("bytes", memoryview(chunk)) for chunk in whole(reader))


@caught_by("test_range_is_streamed_in_chunks_of_about_1_mib")
class RangesComeInCrumbs(ChunkedRanges):
    """Yields a range in chunks of 4 KiB."""

    def cut(self, reader: HonestReader) -> Iterator[bytes]:
        for chunk in whole(reader):
            source = BytesIO(chunk)
            yield from iter(lambda: source.read(2**12), b"")  # noqa: B023 - used before the next chunk


@caught_by("test_range_has_the_info_of_the_complete_object")
class EmptyRangesHaveNoSize(HonestDriver):
    """Has a size of 0 in the info of a range of length 0."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = super().read(key, offset=offset, length=length)
        if length == 0:
            cast("HonestReader", reader).info = dataclasses.replace(reader.info, size=0)
        return reader


@caught_by("test_range_has_the_info_of_the_complete_object")
class InfoCountsDown(HonestDriver):
    """Shows what is left to read as the size."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        def counting(reader: HonestReader) -> Iterator[bytes]:
            for chunk in whole(reader):
                reader.info = dataclasses.replace(reader.info, size=reader.info.size - len(chunk))
                yield chunk

        cut: Callable[[HonestReader], Iterator[bytes]] = counting
        return Wrapped(super().read(key, offset=offset, length=length), cut)
