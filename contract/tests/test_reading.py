"""BodyReader: a body that is too short or too long raises an error."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from entrepot_contract import IntegrityError, ObjectInfo, StorageError, Unavailable
from entrepot_contract.toolkit.reading import BodyReader

INFO = ObjectInfo("a/k", 4, datetime(2026, 1, 1, tzinfo=UTC), None)


class Body:
    """A backend's response, which counts how often it was closed."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self.closed = 0
        self.error = error
        self.chunks = chunks

    def iterate(self) -> Iterator[bytes]:
        yield from self.chunks
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.closed += 1

    def reader(self, length: int = 4) -> BodyReader:
        return BodyReader(INFO, self.iterate(), length, driver="test", close=self.close, failed=self.failed)

    def failed(self, error: Exception) -> StorageError:
        return Unavailable(f"broken: {error}", driver="test", operation="read", key="a/k")


def test_a_complete_body_is_read_without_empty_chunks() -> None:
    body = Body(b"ab", b"", b"cd")
    with body.reader() as reader:
        assert list(reader) == [b"ab", b"cd"]
        assert reader.info == INFO
    reader.close()
    assert body.closed == 1


def test_a_length_of_zero_reads_nothing() -> None:
    assert list(Body(b"more").reader(0)) == []


def test_a_short_body_is_unavailable() -> None:
    body = Body(b"ab")
    with pytest.raises(Unavailable, match="2 bytes short"):
        list(body.reader())
    assert body.closed == 1


def test_a_long_body_is_refused() -> None:
    with pytest.raises(IntegrityError, match="more bytes"):
        list(Body(b"abcde").reader())


def test_an_error_of_the_backend_is_translated_and_kept_as_the_cause() -> None:
    error = OSError("reset")
    with pytest.raises(Unavailable, match="broken: reset") as caught:
        list(Body(b"ab", error=error).reader())
    assert caught.value.__cause__ is error
