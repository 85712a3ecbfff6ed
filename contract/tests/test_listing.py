"""Listings from sorted pages: all keys against a model, in pages of every size."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot_contract import ObjectInfo, Prefix
from entrepot_contract.toolkit.listing import list_pages

NOW = datetime.now(UTC)
KEYS = st.lists(st.sampled_from("abz0_"), min_size=1, max_size=2).map("".join)
PATHS = st.lists(KEYS | st.sampled_from(["a-", "a.", "ab", "a"]), min_size=1, max_size=3).map("/".join)


class Pages:
    """Pages of a fixed size, and the number that was fetched."""

    def __init__(self, keys: set[str], size: int) -> None:
        self.keys = sorted(keys)
        self.size = size
        self.fetched = 0

    def __call__(self, after: str) -> list[ObjectInfo]:
        self.fetched += 1
        start = bisect_right(self.keys, after)
        return [ObjectInfo(key, 0, NOW, None) for key in self.keys[start : start + self.size]]


def expected(keys: set[str], prefix: str, start_after: str, shallow: bool) -> list[str]:
    below = (key for key in keys if key.startswith(prefix))
    found = {
        prefix + rest.partition("/")[0] + "/" if shallow and "/" in (rest := key[len(prefix) :]) else key
        for key in below
    }
    return sorted(key for key in found if key > start_after)


@given(
    st.sets(PATHS, max_size=30),
    PATHS.map("{}/".format) | st.just(""),
    PATHS | st.just(""),
    st.booleans(),
    st.integers(1, 40),
)
def test_it_is_the_sorted_list_of_all_entries(
    keys: set[str], prefix: str, start_after: str, shallow: bool, size: int
) -> None:
    found = list(list_pages(Pages(keys, size), prefix, start_after, shallow=shallow))
    assert [item.key for item in found] == expected(keys, prefix, start_after, shallow)
    assert all(isinstance(item, Prefix) is item.key.endswith("/") for item in found)


def test_nothing_is_fetched_before_it_is_needed() -> None:
    pages = Pages({f"k/{number:03}" for number in range(100)}, 10)
    listed = list_pages(pages, "k/", "", shallow=False)
    assert pages.fetched == 0
    assert [next(listed).key for _ in range(10)][-1] == "k/009"
    assert pages.fetched == 1


@pytest.mark.parametrize("size", [10, 1000])
def test_the_objects_below_a_prefix_are_not_fetched(size: int) -> None:
    pages = Pages({f"k/{number:03}/{inner:02}" for number in range(5) for inner in range(50)}, size)
    assert len(list(list_pages(pages, "k/", "", shallow=True))) == 5
    assert pages.fetched <= 6
