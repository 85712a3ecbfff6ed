from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot_benchmarks.workloads import CLIENTS, case_names, new_run, standard_workloads
from entrepot_benchmarks.workloads.size_mix import SizeMix
from entrepot_benchmarks.workloads.standard import BARE_PULL, BARE_PUSH, MIX

SHARES = st.dictionaries(st.integers(65, 2000), st.integers(1, 9), min_size=1, max_size=4)


@given(SHARES, st.integers(1, 40))
@settings(deadline=None)
def test_every_card_of_a_deck_is_dealt_to_any_number_of_clients(shares: dict[int, int], clients: int) -> None:
    size_mix = SizeMix(shares)
    numbers = range(size_mix.least(clients))
    dealt = Counter(size_mix.size(client, number, clients) for client in range(clients) for number in numbers)
    size_mix.close()
    assert sum(dealt.values()) < sum(shares.values()) + clients, "no client does more than necessary"
    assert {size: dealt[size] for size in shares if dealt[size] < shares[size]} == {}


@given(SHARES, st.integers(0, 15), st.integers(0, 20))
@settings(deadline=None)
def test_an_image_is_determined_by_its_name(shares: dict[int, int], client: int, number: int) -> None:
    size_mix = SizeMix(shares, layers=3)
    image = size_mix.image("turn 1", client, number, 16)
    assert image.digests == size_mix.image("turn 1", client, number, 16).digests
    assert not set(image.digests) & set(size_mix.image("turn 2", client, number, 16).digests)
    assert {layer.size for layer in image.layers} == {size_mix.size(client, number, 16)}
    assert len({layer.digest for layer in image.layers}) == 3
    size_mix.close()


def test_the_mix_is_that_of_zb() -> None:
    assert {size // 2**20: share for size, share in MIX.items()} == {1: 2, 10: 7, 100: 1}


def test_only_wanted_workloads_are_created_in_the_standard_order() -> None:
    names = case_names(bare=True)
    assert names[0] == "Get Manifest"
    assert set(names) - set(case_names()) == {BARE_PUSH, BARE_PULL}
    small = [name for name in names if "0MB" not in name and "Mixed" not in name and "256" not in name]
    with ExitStack() as stack:
        made = standard_workloads(new_run(), stack, bare=True, wanted=lambda name: name in small)
        assert [one.cases[0].name for one in made] == small
        assert {tuple(one.clients) for one in made} == {CLIENTS}


@pytest.mark.parametrize(("clients", "few"), [((1, 4, 16), [1]), ((2, 8), [2]), ((16,), [16])])
def test_large_transfers_have_few_clients(clients: tuple[int, ...], few: list[int]) -> None:
    with ExitStack() as stack:
        large, *_ = standard_workloads("bench-1", stack, clients, wanted=lambda name: name == "Push Monolith 100MB")
        assert list(large.clients) == few


@pytest.mark.parametrize(("clients", "turns"), [((1, 16), [[1], [16]]), ((1, 2), [[1]])])
def test_many_concurrent_pushes_of_the_largest_blobs_need_16_clients(
    clients: tuple[int, ...], turns: list[list[int]]
) -> None:
    with ExitStack() as stack:
        made = standard_workloads("bench-1", stack, clients, bare=True, wanted=lambda name: name == BARE_PUSH)
        assert [list(one.clients) for one in made] == turns
        assert made[-1].most_rounds == (2 if len(turns) == 2 else made[0].most_rounds)


def test_no_two_runs_have_the_same_name() -> None:
    assert len({new_run() for _ in range(100)}) == 100
