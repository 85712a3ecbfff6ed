"""The LRU cache stays within its limit, and evicts the least recently used entries."""

from __future__ import annotations

from host.tests.registry.examples import some_examples
from hypothesis import given
from hypothesis import strategies as st

from entrepot.cache import Cache

LIMIT = 10

keys = st.integers(0, 5)
steps = st.lists(
    st.tuples(st.just("get"), keys, st.just(0))
    | st.tuples(st.just("pop"), keys, st.just(0))
    | st.tuples(st.just("set"), keys, st.integers(0, LIMIT + 2)),
    max_size=40,
)


@some_examples
@given(steps)
def test_a_cache_behaves_like_a_list_ordered_by_use(steps: list[tuple[str, int, int]]) -> None:
    cache: Cache[int, str] = Cache(LIMIT)
    model: list[tuple[int, str, int]] = []
    for number, (step, key, weight) in enumerate(steps):
        found = next((entry for entry in model if entry[0] == key), None)
        others = [entry for entry in model if entry[0] != key]
        if step == "get":
            assert cache.get(key) == (found[1] if found else None)
            model = [*others, found] if found else others
        elif step == "pop":
            assert cache.pop(key) == (found[1] if found else None)
            model = others
        else:
            cache.set(key, f"value {number}", weight)
            model = [*others, (key, f"value {number}", weight)] if weight <= LIMIT else others
            while sum(entry[2] for entry in model) > LIMIT:
                del model[0]
    for key, value, _ in model:
        assert cache.pop(key) == value
    assert all(cache.get(key) is None for key in range(6))


def test_an_entry_expires_however_often_it_is_used() -> None:
    now = [0.0]
    cache: Cache[str, int] = Cache(LIMIT, max_age=60, clock=lambda: now[0])
    cache.set("a", 1)
    now[0] = 59
    assert cache.get("a") == 1
    now[0] = 61
    assert cache.get("a") is None
    cache.set("b", 2, LIMIT)
    assert cache.get("b") == 2


def test_a_cleared_cache_has_its_full_capacity() -> None:
    cache: Cache[str, int] = Cache(LIMIT)
    cache.set("a", 1, LIMIT)
    cache.clear()
    assert cache.get("a") is None
    cache.set("b", 2, LIMIT)
    assert cache.get("b") == 2
