"""Readers: the end of a ``with`` block, the chunks of a generator, and the body of a backend's response."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from types import TracebackType
from typing import Self

from entrepot_contract.errors import IntegrityError, StorageError, Unavailable
from entrepot_contract.types import ObjectInfo

__all__ = ["BodyReader", "ClosedOnExit", "GeneratedReader"]


class ClosedOnExit(ABC):
    """Base class of readers, and of other objects that a ``with`` block closes at its end."""

    __slots__ = ()

    @abstractmethod
    def close(self) -> None:
        """Release all resources. Idempotent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class GeneratedReader(ClosedOnExit):
    """A Reader of the chunks that one generator yields: iterating again continues it, and ``close`` closes it."""

    def __init__(self, chunks: Generator[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        # Not the generator itself: ``yield from`` closes it together with the generator that yields from it.
        return filter(None, self._chunks)

    def close(self) -> None:
        """Close the generator. Idempotent."""
        self._chunks.close()


class BodyReader(ClosedOnExit):
    """A Reader that counts the bytes of a body, so that a truncated body raises an error.

    - ``chunks`` yields the body in chunks of about 1 MiB; ``failed`` translates its exceptions into the contract's.
    - ``close`` closes the connection, and is called once.
    """

    def __init__(
        self,
        info: ObjectInfo,
        chunks: Iterator[bytes],
        length: int,
        *,
        driver: str,
        close: Callable[[], None],
        failed: Callable[[Exception], StorageError],
    ) -> None:
        self._info = info
        self._chunks = chunks
        self._left = length
        self._driver = driver
        self._close: Callable[[], None] | None = close
        self._failed = failed

    @property
    def info(self) -> ObjectInfo:
        """The info of the complete object, whatever range is read."""
        return self._info

    def __iter__(self) -> Iterator[bytes]:
        while self._left:
            if self._close is None:
                raise self._unavailable("the reader is closed")
            try:
                chunk = next(self._chunks, None)
            except StorageError:
                raise
            except Exception as error:
                raise self._failed(error) from error
            if chunk is None:
                break
            self._left -= len(chunk)
            if self._left < 0:
                self.close()
                raise IntegrityError(
                    "the body has more bytes than the backend announced; retry the read",
                    driver=self._driver,
                    operation="read",
                    key=self._info.key,
                )
            if chunk:
                yield chunk
        if self._left:
            self.close()
            raise self._unavailable(f"the body ended {self._left} bytes short; retry the read")

    def close(self) -> None:
        """Close the connection. Idempotent."""
        close, self._close = self._close, None
        if close is not None:
            close()

    def _unavailable(self, message: str) -> Unavailable:
        return Unavailable(message, driver=self._driver, operation="read", key=self._info.key)
