"""Counting of transferred bytes, to detect a driver that loses some."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Self

from entrepot.storage.observe import Observer, stamped
from entrepot_contract import Chunks, IntegrityError, ObjectInfo, Reader, Unavailable
from entrepot_contract.toolkit.reading import ClosedOnExit

__all__ = ["CountedBody", "CountedReader"]


class CountedBody:
    """The body of an append: the number of bytes read by the driver, and the error of the body itself, if any."""

    __slots__ = ("_chunks", "error", "size")

    def __init__(self, data: Chunks) -> None:
        self._chunks = iter(data)
        self.size = 0
        self.error: BaseException | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes | bytearray | memoryview:
        try:
            chunk = next(self._chunks)
        except StopIteration:
            raise
        except BaseException as error:
            self.error = error
            raise
        self.size += chunk.nbytes if isinstance(chunk, memoryview) else len(chunk)
        return chunk


class CountedReader(ClosedOnExit):
    """A driver's reader that must return exactly ``size`` bytes."""

    def __init__(self, reader: Reader, size: int, driver: str, observe: Observer, package: str = "") -> None:
        self.info: ObjectInfo = reader.info
        self._reader, self._left = reader, size
        self._driver, self._observe, self._package = driver, observe, package
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        start = perf_counter()
        try:
            for chunk in self._reader:
                self._left -= len(chunk)
                if self._left < 0:
                    break
                yield chunk
        except Exception as error:
            key, package = self.info.key, self._package
            failure = stamped(error, driver=self._driver, operation="read", key=key, package=package)
            self._observe("read", perf_counter() - start, failure)
            if failure is error:
                raise
            raise failure from None
        if self._left > 0 and self._closed:
            raise Unavailable("the reader is closed", driver=self._driver, operation="read", key=self.info.key)
        if self._left:
            miscount = f"ended {self._left} bytes early" if self._left > 0 else "returned more bytes than announced"
            message = (
                f"the reader {miscount} without an error: the object is damaged, or this is a bug in "
                f"{self._package or 'the driver'}; compare the object's size in the store, or report it to its author"
            )
            failure = IntegrityError(message, driver=self._driver, operation="read", key=self.info.key)
            self._observe("read", perf_counter() - start, failure)
            raise failure

    def close(self) -> None:
        self._closed = True
        self._reader.close()
