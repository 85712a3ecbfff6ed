"""Range and Content-Range, compared with a simple implementation of RFC 9110, 14."""

from __future__ import annotations

import pytest
from host.tests.registry.examples import some_examples
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import RangeInvalid, RangeNotSatisfiable, SizeInvalid
from entrepot.http.ranges import chunk_offset, requested_parts

sizes = st.integers(0, 40)
positions = st.integers(0, 50)
spaces = st.text(" \t", max_size=2)
units = st.sampled_from(["bytes", "Bytes", "BYTES"])


def selected(content: bytes, header: str) -> bytes | None:
    """Returns what ``requested_parts`` selects; None for the whole content."""
    parts = requested_parts(header, len(content))
    if not parts:
        return None
    (part,) = parts
    assert part.total == len(content)
    assert part.length > 0
    last = part.offset + part.length - 1
    assert str(part) == f"bytes {part.offset}-{last}/{part.total}"
    return content[part.offset : last + 1]


@some_examples
@given(sizes, positions, positions, units, spaces)
def test_a_range_selects_the_bytes_from_first_to_last(size: int, first: int, last: int, unit: str, space: str) -> None:
    content, header = bytes(range(size)), f"{unit}{space}={space}{first}{space}-{last}{space}"
    if last < first:
        assert selected(content, header) is None
    elif first >= size:
        with pytest.raises(RangeNotSatisfiable) as refused:
            requested_parts(header, size)
        assert refused.value.headers == {"Content-Range": f"bytes */{size}"}
    else:
        assert selected(content, header) == bytes(byte for byte in content if first <= byte <= last)


@some_examples
@given(sizes, positions)
def test_an_open_range_selects_the_bytes_from_first_on(size: int, first: int) -> None:
    content, header = bytes(range(size)), f"bytes={first}-"
    if first >= size:
        with pytest.raises(RangeNotSatisfiable):
            requested_parts(header, size)
    else:
        assert selected(content, header) == bytes(byte for byte in content if first <= byte)


@some_examples
@given(sizes, positions)
def test_a_suffix_range_selects_the_last_bytes(size: int, length: int) -> None:
    content, header = bytes(range(size)), f"bytes=-{length}"
    if size == 0 or length == 0:
        with pytest.raises(RangeNotSatisfiable):
            requested_parts(header, size)
    else:
        assert selected(content, header) == content[-length:]


UNPARSABLE = [
    *(
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1",
        "bytes=,",
        "bytes=0-1,x",
        "items=0-1",
        "0-1",
        "bytes=--1",
    ),
    *("bytes=+0-1", "bytes=0x0-1", "bytes=1_0-", "bytes=0-1\n2", "bytes=\N{ARABIC-INDIC DIGIT ONE}-", "bytes=5-4"),
    *("bytes=,", "bytes=0-1,5-4", "bytes=0-1 3-4", "bytes=0-1;3-4"),
]


@pytest.mark.parametrize("header", UNPARSABLE)
def test_a_header_that_does_not_parse_is_ignored(header: str | None) -> None:
    assert requested_parts(header, 10) == []


@some_examples
@given(sizes, st.lists(st.tuples(positions, positions).map(sorted), min_size=2, max_size=5))
def test_several_ranges_select_their_bytes_in_order_without_empty_ones(size: int, ranges: list[list[int]]) -> None:
    content, header = bytes(range(size)), "bytes=" + ",".join(f"{first}-{last}" for first, last in ranges)
    wanted = [found for first, last in ranges if (found := content[first : last + 1])]
    if not wanted:
        with pytest.raises(RangeNotSatisfiable):
            requested_parts(header, size)
        return
    selected_parts = [content[part.offset : part.offset + part.length] for part in requested_parts(header, size)]
    assert selected_parts == (wanted if sum(map(len, wanted)) <= size else [])


def test_empty_elements_of_a_list_are_ignored() -> None:
    assert selected(b"0123456789", "bytes= ,, 2-3 ,\t,") == b"23"


def test_the_maximum_number_of_ranges() -> None:
    assert len(requested_parts("bytes=" + ",".join(f"{one}-{one}" for one in range(1000)), 5000)) == 1000
    assert requested_parts("bytes=" + ",".join(f"{one}-{one}" for one in range(1001)), 5000) == []


BEYOND = "9" * 5000


@pytest.mark.parametrize("last", [str(2**63), "99999999999999999999", BEYOND, "0" * 30 + "9"])
def test_a_range_with_a_huge_end_selects_the_rest(last: str) -> None:
    assert selected(b"0123456789", f"bytes=4-{last}") == b"456789"
    assert selected(b"0123456789", f"bytes=-{last}") in (b"0123456789", b"123456789")


def test_a_range_with_a_huge_start_is_not_satisfiable() -> None:
    with pytest.raises(RangeNotSatisfiable):
        requested_parts(f"bytes={BEYOND}-", 10)


@some_examples
@given(st.text("bytes=-0123456789,\n ", max_size=24), sizes)
def test_any_header_selects_bytes_of_the_content_or_is_rejected(header: str, size: int) -> None:
    try:
        parts = requested_parts(header, size)
    except RangeNotSatisfiable:
        return
    assert sum(part.length for part in parts) <= size
    assert all(0 <= part.offset < part.offset + part.length <= size for part in parts)


@some_examples
@given(st.integers(0, 10**17), st.integers(1, 10**9), st.sampled_from(["{}-{}", "bytes {}-{}/*", "bytes={}-{}"]))
def test_the_offset_of_a_chunk_is_that_of_its_header(first: int, length: int, form: str) -> None:
    header = form.format(first, first + length - 1)
    assert chunk_offset(header, length) == first
    assert chunk_offset(header, None) == first
    for wrong in (length - 1, length + 1):
        with pytest.raises(SizeInvalid):
            chunk_offset(header, wrong)


def test_a_chunk_without_the_header_has_no_offset() -> None:
    assert chunk_offset(None, 10) is None


@pytest.mark.parametrize("header", ["", "0", "0-", "-9", "a-b", "0-9-9", "0-9,10-11", "items 0-9", "9" * 5000 + "-0"])
def test_a_chunk_with_a_malformed_header_is_rejected(header: str) -> None:
    with pytest.raises(RangeInvalid):
        chunk_offset(header, 10)


def test_a_chunk_that_ends_before_it_begins_is_rejected_even_if_its_length_is_unknown() -> None:
    with pytest.raises((RangeInvalid, SizeInvalid)):
        chunk_offset("9-0", None)
