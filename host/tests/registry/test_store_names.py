"""The names below a prefix are in byte order, whatever order the driver lists keys in."""

from __future__ import annotations

from itertools import islice
from unittest.mock import patch

import pytest
from host.tests.registry.examples import some_examples
from host.tests.registry.wrappers import Watched
from hypothesis import given
from hypothesis import strategies as st
from support.host import memory

from entrepot.registry import store as store_module
from entrepot.registry.store import _MAX_HELD, BATCH, Store
from entrepot_contract import StorageDriver

PREFIX = "a/tags/"

tags = st.from_regex(r"[a1_][a1_.-]{0,5}", fullmatch=True)


def holding(names: list[str] | set[str]) -> StorageDriver:
    driver = memory()
    for name in names:
        driver.put(f"{PREFIX}{name}/current/link", b"x")
    return driver


@some_examples
@given(st.sets(tags, max_size=25), tags | st.just(""))
def test_names_are_sorted_and_start_after_a_name_that_need_not_exist(names: set[str], after: str) -> None:
    found = list(Store(holding(names)).names(PREFIX, after))
    assert found == sorted(name for name in names if name > after)


@some_examples
@given(st.sets(tags, min_size=1, max_size=25), st.integers(1, 4), st.sampled_from([1, 2, 5, BATCH]))
def test_pages_of_names_contain_the_whole_list(names: set[str], size: int, batch: int) -> None:
    store, found = Store(holding(names)), list[str]()
    with patch.object(store_module, "BATCH", batch):
        while page := list(islice(store.names(PREFIX, found[-1] if found else ""), size)):
            found += page
    assert found == sorted(names)


@some_examples
@given(st.sets(tags, min_size=1, max_size=25), st.integers(1, 6), st.integers(0, 6))
def test_names_are_in_order_for_any_batch_size(names: set[str], batch: int, held: int) -> None:
    with patch.object(store_module, "BATCH", batch), patch.object(store_module, "_MAX_HELD", held):
        assert list(Store(holding(names)).names(PREFIX)) == sorted(names)


def test_a_first_name_needs_no_full_listing() -> None:
    driver = Watched(holding([f"v{number:04}-alpine" for number in range(2000)]))
    assert list(islice(Store(driver).names(PREFIX), 3)) == ["v0000-alpine", "v0001-alpine", "v0002-alpine"]
    assert driver.listed <= BATCH


@pytest.mark.parametrize("after", ["v0250-alpine", "v0250", "v0250-z"])
def test_a_page_from_the_middle_needs_no_listing_of_preceding_names(after: str) -> None:
    driver = Watched(holding([f"v{number:04}-alpine" for number in range(2000)]))
    assert next(Store(driver).names(PREFIX, after)) > after
    assert driver.listed <= BATCH


@pytest.mark.parametrize("stem", ["repo", "repo-0", "other"])
def test_a_page_of_many_names_with_one_stem_needs_no_full_listing(stem: str) -> None:
    names = [f"repo-{number:04}" for number in range(2000)] + [f"repo-0-{number:04}" for number in range(2000)]
    driver = Watched(holding([*names, stem]))
    assert list(islice(Store(driver).names(PREFIX), 300)) == sorted([*names, stem])[:300]
    assert driver.listed <= _MAX_HELD + 2 * BATCH
    assert list(Store(driver).names(PREFIX)) == sorted([*names, stem])


def test_names_with_one_stem_are_held_back_until_the_stem_itself_can_no_longer_come() -> None:
    names = [*(f"1.{minor}" for minor in range(10)), "1", "1-alpine", "2"]
    driver = Watched(holding(names))
    assert next(Store(driver).names(PREFIX)) == "1"
    assert driver.listed == len(names)


@pytest.mark.parametrize("batch", [1, 2, BATCH])
def test_objects_directly_below_the_prefix_are_ignored(batch: int) -> None:
    driver = memory()
    for key in ("p/0", "p/a-b/c", "p/b", "p/c/d", "p/d"):
        driver.put(key, b"")
    with patch.object(store_module, "BATCH", batch):
        assert list(Store(driver).names("p/")) == ["a-b", "c"]
