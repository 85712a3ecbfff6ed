"""The body of a request: every byte is read once, in order, hashed, and nothing is read beyond its end."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator

import pytest
from host.tests.registry.examples import some_examples
from hypothesis import given
from hypothesis import strategies as st

from entrepot.registry.body import CHUNK, SMALL_CHUNK, ActiveUploads, Body, HashingStream
from entrepot.registry.names import Hasher


def sliced(body: Body, hasher: Hasher | None, limit: int) -> HashingStream:
    """Returns a slice that is received alone."""
    return HashingStream(body, hasher, limit, ActiveUploads())


class Source:
    """An input that returns any number of bytes at a time, and closes or fails at its end."""

    def __init__(self, data: bytes, steps: list[int] | None = None, failure: Exception | None = None) -> None:
        self.data = data
        self.position = 0
        self.reads = 0
        self._steps = iter(steps or [])
        self._failure = failure

    def read(self, size: int, /) -> bytes:
        self.reads += 1
        assert size > 0, "an empty read cannot be distinguished from the end"
        if self.position == len(self.data) and self._failure is not None:
            raise self._failure
        size = min(size, next(self._steps, size))
        start, self.position = self.position, min(len(self.data), self.position + size)
        return self.data[start : self.position]


contents = st.binary(max_size=300)
steps = st.lists(st.integers(1, 50), max_size=30)
limits = st.integers(1, 120)
failures = st.sampled_from([None, OSError("reset"), ConnectionResetError(), TimeoutError(), EOFError()])


def slices(body: Body, limit: int) -> Iterator[bytes]:
    """Read a body in slices, and check the digest of each."""
    while not body.ended:
        hasher = hashlib.sha256()
        content = b"".join(sliced(body, hasher, limit))
        assert len(content) <= limit
        assert hasher.hexdigest() == hashlib.sha256(content).hexdigest()
        yield content


@some_examples
@given(contents, steps, limits, st.booleans())
def test_slices_make_up_the_body_and_each_is_hashed(
    content: bytes, steps: list[int], limit: int, announced: bool
) -> None:
    body = Body(Source(content, steps), len(content) if announced else None)
    assert b"".join(slices(body, limit)) == content
    assert (body.received, body.broken, body.ended) == (len(content), False, True)


@some_examples
@given(contents, steps, limits, failures, st.integers(1, 500))
def test_a_body_that_ends_before_its_length_is_broken_and_the_received_bytes_are_kept(
    content: bytes, steps: list[int], limit: int, failure: Exception | None, missing: int
) -> None:
    body = Body(Source(content, steps, failure), len(content) + missing)
    assert b"".join(slices(body, limit)) == content
    assert (body.received, body.broken) == (len(content), True)


@some_examples
@given(contents, steps, limits, failures.filter(bool))
def test_an_incomplete_body_of_unknown_length_is_broken_and_the_received_bytes_are_kept(
    content: bytes, steps: list[int], limit: int, failure: Exception
) -> None:
    body = Body(Source(content, steps, failure), None)
    assert b"".join(slices(body, limit)) == content
    assert (body.received, body.broken) == (len(content), True)


@some_examples
@given(contents, st.binary(min_size=1, max_size=50), steps, limits)
def test_nothing_is_read_after_the_announced_length(
    content: bytes, beyond: bytes, steps: list[int], limit: int
) -> None:
    source = Source(content + beyond, steps)
    assert b"".join(slices(Body(source, len(content)), limit)) == content
    assert source.position == len(content)


@some_examples
@given(st.binary(min_size=1, max_size=300), steps, limits, st.booleans())
def test_nothing_is_read_after_the_end_of_a_slice(content: bytes, steps: list[int], limit: int, known: bool) -> None:
    source = Source(content, steps)
    body = Body(source, len(content) if known else None)
    first = b"".join(sliced(body, hashlib.sha256(), limit))
    assert first == content[:limit]
    assert source.position == body.received == len(first)


def test_an_empty_body_is_never_read() -> None:
    source = Source(b"the next request")
    body = Body(source, 0)
    assert list(sliced(body, hashlib.sha256(), 10)) == []
    assert (body.ended, body.broken, source.reads) == (True, False, 0)


def test_a_slice_without_a_hasher_passes_the_bytes_on() -> None:
    assert b"".join(sliced(Body(Source(b"abc"), 3), None, 10)) == b"abc"


def test_a_large_body_is_read_in_chunks_of_at_most_one_mebibyte() -> None:
    content = bytes(range(256)) * 4096 * 3 + b"end"
    hasher = hashlib.sha256()
    chunks = [bytes(chunk) for chunk in sliced(Body(Source(content), len(content)), hasher, 2**30)]
    assert max(map(len, chunks)) <= CHUNK
    assert b"".join(chunks) == content
    assert hasher.hexdigest() == hashlib.sha256(content).hexdigest()


class Stalled(Source):
    """A client that sends its first chunks, and then nothing until it is released."""

    def __init__(self, data: bytes, chunks: int) -> None:
        super().__init__(data)
        self.chunks = chunks
        self.go = threading.Event()
        self.waited_in_vain = False

    def read(self, size: int, /) -> bytes:
        if self.reads == self.chunks:
            self.waited_in_vain = not self.go.wait(5)
        return super().read(size)


def test_a_driver_error_is_raised_immediately_even_if_the_client_stalls() -> None:
    before = set(threading.enumerate())
    source = Stalled(bytes(8 * CHUNK), 1)

    def failing_driver() -> None:
        for _ in sliced(Body(source, 8 * CHUNK), hashlib.sha256(), 2**30):
            raise DriverError

    with pytest.raises(DriverError) as raised:
        failing_driver()
    del raised
    assert not source.waited_in_vain
    source.go.set()
    assert threads_end(before)


class DriverError(Exception):
    """An error of a driver while it reads chunks."""


def threads_end(before: set[threading.Thread]) -> bool:
    """Returns whether the threads started since then end soon; the request itself does not wait for them."""
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    return set(threading.enumerate()) <= before


def take_some(chunks: Iterator[bytes], count: int) -> bytes:
    return b"".join(bytes(next(chunks)) for _ in range(count))


@pytest.mark.parametrize("known", [True, False])
def test_a_driver_that_stops_in_the_middle_leaves_no_thread_and_at_most_one_chunk_unwritten(known: bool) -> None:
    content = bytes(8 * CHUNK)
    body = Body(Source(content), len(content) if known else None)
    before = set(threading.enumerate())
    chunks = iter(sliced(body, hashlib.sha256(), 2**30))
    taken = take_some(chunks, 3)
    del chunks
    assert threads_end(before)
    position = body.received
    assert len(taken) <= position <= len(taken) + CHUNK, "at most the chunk read ahead is lost"
    rest = b"".join(sliced(body, hashlib.sha256(), 2**30))
    assert position + len(rest) == len(content), "and the body continues exactly after the bytes read"


def test_a_driver_that_raises_in_the_middle_leaves_no_thread() -> None:
    before = set(threading.enumerate())

    def failing_driver() -> None:
        for number, _ in enumerate(sliced(Body(Source(bytes(8 * CHUNK)), None), hashlib.sha256(), 2**30)):
            if number == 2:
                raise DriverError

    with pytest.raises(DriverError) as raised:
        failing_driver()
    del raised
    assert threads_end(before)


@pytest.mark.parametrize("size", [10, 3 * CHUNK])
def test_an_input_error_other_than_a_disconnect_is_propagated_and_leaves_no_thread(size: int) -> None:
    before = set(threading.enumerate())
    body = Body(Source(bytes(size), failure=ZeroDivisionError("a defect")), None)
    with pytest.raises(ZeroDivisionError) as raised:
        list(sliced(body, hashlib.sha256(), 2**30))
    del raised
    assert threads_end(before)


def test_a_slice_among_others_uses_small_chunks_and_no_thread() -> None:
    content, hasher, receiving = os.urandom(3 * CHUNK + 5), hashlib.sha256(), ActiveUploads()
    before = threading.active_count()
    with receiving:
        chunks = list(HashingStream(Body(Source(content), len(content)), hasher, 2**30, receiving))
        assert threading.active_count() == before
    assert max(map(len, chunks)) <= SMALL_CHUNK
    assert b"".join(chunks) == content
    assert hasher.hexdigest() == hashlib.sha256(content).hexdigest()


def test_a_slice_adapts_when_others_start_and_end() -> None:
    content, hasher, receiving = os.urandom(24 * CHUNK), hashlib.sha256(), ActiveUploads()
    found = b""
    for number, chunk in enumerate(HashingStream(Body(Source(content), len(content)), hasher, 2**30, receiving)):
        found += chunk
        if number in (3, 9):
            receiving.__enter__()
        if number in (6, 12):
            receiving.__exit__()
    assert found == content
    assert hasher.hexdigest() == hashlib.sha256(content).hexdigest()
