"""Drivers whose readers disturb each other, or cannot be used twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import ClassVar, cast

from contract.tests.broken.reads import Wrapped, whole
from contract.tests.broken.register import caught_by
from contract.tests.honest import CHUNK, HonestDriver, HonestReader

from entrepot_contract import NotFound, Reader, StorageError


class Positioned(HonestDriver):
    """Keeps one position for all readers of a key."""

    pause: ClassVar[float] = 0.0

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = cast("HonestReader", super().read(key, offset=offset, length=length))
        files = self.__dict__.setdefault("files", {})
        files[key] = offset
        left = reader.left

        def from_the_position(reader: HonestReader) -> Iterator[bytes]:
            end = offset + left
            while reader.blob is not None and files[key] < end:
                reader.blob.seek(files[key])
                time.sleep(self.pause)
                chunk = reader.blob.read(min(CHUNK, end - files[key]))
                files[key] += len(chunk)
                yield chunk

        return Wrapped(reader, from_the_position)


@caught_by("test_readers_of_one_object_are_interleaved")
class ReadersShareAPosition(Positioned):
    """Has one open file, and so one position, for all readers of an object."""


@caught_by("test_threads_read_ranges_of_one_object")
class ThreadsShareAPosition(Positioned):
    """Has one open file for all threads that read an object, without a lock."""

    pause = 0.001


@caught_by("test_closing_a_reader_leaves_the_others_usable")
class ClosingClosesAll(HonestDriver):
    """Closes the connection that all readers of the driver use."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = cast("HonestReader", super().read(key, offset=offset, length=length))
        return SharedReader(reader, self.__dict__.setdefault("opened", []))


class SharedReader(Wrapped):
    """Closes all readers that were opened together with it."""

    def __init__(self, reader: HonestReader, opened: list[HonestReader]) -> None:
        super().__init__(reader)
        self.opened = opened
        opened.append(self)

    def close(self) -> None:
        for reader in self.opened:
            HonestReader.close(reader)
        self.opened.clear()
        super().close()


@caught_by("test_reader_is_used_by_another_thread")
class ReadersBelongToAThread(HonestDriver):
    """Refuses to be read in a thread other than the one that opened the reader."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        owner = threading.get_ident()

        def owned(reader: HonestReader) -> Iterator[bytes]:
            if threading.get_ident() != owner:
                raise self.fail(StorageError, "read", key, "used in a thread that did not open it")
            return whole(reader)

        return Wrapped(super().read(key, offset=offset, length=length), owned)


@caught_by("test_reader_continues_where_the_last_iteration_ended")
class IteratingBeginsAgain(HonestDriver):
    """Seeks to the beginning for each iteration."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = cast("HonestReader", super().read(key, offset=offset, length=length))
        left = reader.left

        def from_the_start(reader: HonestReader) -> Iterator[bytes]:
            if reader.blob is not None:
                reader.blob.seek(offset)
            reader.left = left
            return whole(reader)

        return Wrapped(reader, from_the_start)


@caught_by("test_reader_continues_where_the_last_iteration_ended")
class IteratingAgainEnds(HonestDriver):
    """Delegates to one generator, which is closed with the first iterator, so that the rest is lost."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        reader = cast("HonestReader", super().read(key, offset=offset, length=length))
        chunks = whole(reader)

        def delegated(reader: HonestReader) -> Iterator[bytes]:
            yield from chunks

        return Wrapped(reader, delegated)


@caught_by("test_reader_continues_where_the_last_iteration_ended")
class IteratingAgainSkips(HonestDriver):
    """Reads one chunk ahead, and loses it if the iteration is continued by another one."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        def ahead(reader: HonestReader) -> Iterator[bytes]:
            held = b""
            for chunk in whole(reader):
                if held:
                    yield held
                held = chunk
            if held:
                yield held

        return Wrapped(super().read(key, offset=offset, length=length), ahead)


@caught_by("test_closed_reader_yields_nothing[100]")
class ClosedReadersReadOn(HonestDriver):
    """Opens the object again if a closed reader is iterated."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        def again(reader: HonestReader) -> Iterator[bytes]:
            if reader.blob is None and reader.left:
                with HonestDriver.read(self, key, offset=reader.info.size - reader.left) as other:
                    yield from other
            yield from whole(reader)

        return Wrapped(super().read(key, offset=offset, length=length), again)


@caught_by("test_closed_reader_yields_nothing")
class ClosedReadersFindNothing(HonestDriver):
    """Raises NotFound if a closed reader is iterated."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        def closed(reader: HonestReader) -> Iterator[bytes]:
            if reader.blob is None:
                raise self.fail(NotFound, "read", key)
            return whole(reader)

        return Wrapped(super().read(key, offset=offset, length=length), closed)


class Swallowing(Wrapped):
    """Swallows exceptions of its ``with`` block."""

    def __exit__(  # type: ignore[override]  # the fault
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.close()
        return True


@caught_by("test_with_block_closes_the_reader_and_passes_exceptions")
class ReadersSwallowExceptions(HonestDriver):
    """Has readers that swallow the exceptions of their ``with`` block."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return cast("Reader", Swallowing(super().read(key, offset=offset, length=length)))
