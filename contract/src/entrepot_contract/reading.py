"""A reader over the body of a backend's answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from entrepot_contract.errors import IntegrityError, StorageError, Unavailable
from entrepot_contract.types import ObjectInfo

__all__ = ["BodyReader"]


class BodyReader:
    """Counts the bytes of a body, so that fewer than promised are never a normal end.

    - ``chunks`` gives the body in pieces of about 1 MiB; ``failed`` turns its errors into those of the contract.
    - ``close`` lets go of the connection, and is called once.
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
        """The whole object's info, whatever part of it is read."""
        return self._info

    def __iter__(self) -> Iterator[bytes]:
        while self._left:
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
                    "the body has more bytes than the backend announced; read again",
                    driver=self._driver,
                    operation="read",
                    key=self._info.key,
                )
            if chunk:
                yield chunk
        if self._left:
            self.close()
            raise Unavailable(
                f"the body ended with {self._left} bytes still to come; read again",
                driver=self._driver,
                operation="read",
                key=self._info.key,
            )

    def close(self) -> None:
        """Let go of the connection; again is harmless."""
        close, self._close = self._close, None
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
