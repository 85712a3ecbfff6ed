"""Objects are stored in pieces, without any visible effect."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from entrepot_storage_memory.content import CHUNK, LEAST, Content, pieces_of

LENGTHS = st.sampled_from([0, 1, 2, LEAST - 1, LEAST, LEAST + 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 1])


@given(lengths=st.lists(LENGTHS, max_size=6), data=st.data())
def test_any_range_is_read_as_it_was_written(lengths: list[int], data: st.DataObject) -> None:
    arrived = [bytes([65 + number]) * length for number, length in enumerate(lengths)]
    whole = b"".join(arrived)
    content = Content(list(pieces_of(arrived)))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))

    chunks = list(content.part(start, end))

    assert content.size == len(whole)
    assert b"".join(chunks) == whole[start:end]
    assert all(0 < len(chunk) <= CHUNK for chunk in chunks)


@given(lengths=st.lists(LENGTHS, max_size=8))
def test_small_chunks_are_collected(lengths: list[int]) -> None:
    pieces = list(pieces_of(b"x" * length for length in lengths))

    assert sum(map(len, pieces)) == sum(lengths)
    assert all(pieces)
    assert sum(len(piece) < LEAST for piece in pieces) <= sum(length >= LEAST for length in lengths) + 1


def test_a_reused_buffer_is_copied() -> None:
    buffer = bytearray(b"a" * LEAST)
    pieces = []
    for piece in pieces_of([memoryview(buffer)]):
        buffer[:] = b"b" * LEAST
        pieces.append(piece)

    assert pieces == [b"a" * LEAST]
