"""Errors of an inner driver raised as the layer's own: with its name, the called method, and the caller's key."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

from entrepot_contract.errors import DeleteFailed, StorageError
from entrepot_contract.toolkit.reading import ClosedOnExit
from entrepot_contract.types import Chunks, ObjectInfo, Prefix, Reader

__all__ = ["Body", "Stamped", "StampedReader", "stamped", "stamped_append", "stamped_listing"]

Kind = TypeVar("Kind", bound=StorageError)


def stamped(error: StorageError, driver: str, operation: str, key: str | None) -> StorageError:
    """Return the error as if ``driver`` had raised it; the message names the driver that it came from."""
    if (error.driver, error.operation, error.key) == (driver, operation, key):
        return error
    again = copy.copy(error)
    again.message = f"{error.driver}: {error.message}"
    again.args = (again.message,)
    again.driver, again.operation, again.key = driver, operation, key
    if isinstance(again, DeleteFailed):
        again.failed = {each: stamped(why, driver, operation, each) for each, why in again.failed.items()}
    return again


class Stamped:
    """Context manager that re-raises errors of the contract as those of a layer; reusable."""

    __slots__ = ("driver", "key", "operation")

    def __init__(self, driver: str, operation: str, key: str | None = None) -> None:
        self.driver, self.operation, self.key = driver, operation, key

    def failure(self, kind: type[Kind], message: str) -> Kind:
        """Return an error of the layer itself."""
        return kind(message, driver=self.driver, operation=self.operation, key=self.key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, StorageError):
            own = stamped(error, self.driver, self.operation, self.key)
            if own is not error:
                raise own from error


class StampedReader(ClosedOnExit):
    """An inner driver's reader, whose errors are raised as those of the layer."""

    def __init__(self, reader: Reader, stamp: Stamped) -> None:
        self._reader, self._stamp = reader, stamp

    @property
    def info(self) -> ObjectInfo:
        """The info of the complete object."""
        return self._reader.info

    def __iter__(self) -> Iterator[bytes]:
        with self._stamp:
            yield from self._reader

    def close(self) -> None:
        """Close the inner reader. Idempotent."""
        self._reader.close()


def stamped_listing(items: Iterator[ObjectInfo | Prefix], stamp: Stamped) -> Iterator[ObjectInfo | Prefix]:
    """Yield an inner driver's listing, and raise its errors as those of the layer."""
    with stamp:
        yield from items


class Body:
    """Passes through the body of an append; ``error`` is the exception that the body itself raised."""

    def __init__(self, data: Chunks) -> None:
        self._chunks = iter(data)
        self.error: BaseException | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes | bytearray | memoryview:
        try:
            return next(self._chunks)
        except StopIteration:
            raise
        except BaseException as error:
            self.error = error
            raise


@contextmanager
def stamped_append(body: Body, stamp: Stamped) -> Iterator[None]:
    """Raise errors of the append inside as those of the layer, except for an exception of its ``body``."""
    try:
        yield
    except StorageError as error:
        if error is body.error:
            raise
        raise stamped(error, stamp.driver, stamp.operation, stamp.key) from error
