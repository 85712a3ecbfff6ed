"""The grammar of keys."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from entrepot_contract import MAX_KEY_BYTES, MAX_SEGMENT_BYTES, is_key, is_prefix

FIRST = string.ascii_letters + string.digits + "_"
segments = st.builds(
    lambda first, rest: first + rest, st.sampled_from(FIRST), st.text(FIRST + ".-", max_size=MAX_SEGMENT_BYTES - 1)
)
keys = st.lists(segments, min_size=1, max_size=12).map("/".join)


@given(keys)
def test_every_join_of_segments_is_a_key_up_to_900_bytes(key: str) -> None:
    assert is_key(key) is (len(key) <= MAX_KEY_BYTES)
    assert is_prefix(key + "/") is (len(key) <= MAX_KEY_BYTES)
    assert not is_prefix(key)


@given(st.text(max_size=30))
@example("a\n")
@example("é")
@example("a/٣")
def test_is_key_matches_the_grammar(text: str) -> None:
    parts = text.split("/")
    expected = all(part and part[0] in FIRST and set(part) <= set(FIRST + ".-") for part in parts)
    assert is_key(text) is expected
    assert not expected or text.isascii()


@pytest.mark.parametrize("text", ["", "/", "a/", "/a", "a//b", ".", "..", "a/../b", "a/.b", "-a", "a b", "a\\b", "a\0"])
def test_a_path_outside_the_root_is_not_a_key(text: str) -> None:
    assert not is_key(text)


@pytest.mark.parametrize(("length", "good"), [(1, True), (255, True), (256, False)])
def test_a_segment_has_at_most_255_bytes(length: int, good: bool) -> None:
    assert is_key("s" * length) is good
    assert is_key("a/" + "s" * length + "/b") is good
    assert is_prefix("s" * length + "/") is good


def test_the_empty_text_is_a_prefix_and_a_slash_is_not() -> None:
    assert is_prefix("")
    assert not is_prefix("/")
    assert not is_prefix("a//")
