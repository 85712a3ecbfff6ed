from __future__ import annotations

import io
import math
import statistics
from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.trace.file import write_trace
from entrepot_benchmarks.trace.generate import generate
from entrepot_benchmarks.trace.plan import plan_replay
from entrepot_benchmarks.trace.record import KINDS, Record
from entrepot_benchmarks.trace.shape import LayerSizes, Shape

SHAPES = st.builds(
    Shape,
    requests=st.integers(1, 400),
    repositories=st.integers(1, 10),
    images=st.integers(1, 5),
    blobs=st.integers(1, 30),
    zipf=st.floats(0, 3),
    pushes=st.floats(0, 1),
    checks=st.floats(0, 1),
    lists=st.floats(0, 1),
    layers=st.floats(1, 60),
    cached=st.floats(0, 1),
    rate=st.floats(0.01, 10_000),
    pause=st.floats(0.0001, 10),
)


@pytest.fixture(scope="module")
def large() -> list[Record]:
    return list(generate(7, Shape(requests=60_000, repositories=200, rate=50.0)))


def slope(counts: list[int]) -> float:
    """Return the slope of log(count) over log(rank), by least squares."""
    ranks = [math.log(rank + 1) for rank in range(len(counts))]
    return statistics.linear_regression(ranks, [math.log(count) for count in counts]).slope


@settings(deadline=None)
@given(st.integers(), SHAPES)
def test_a_trace_of_any_shape_can_be_written_and_replayed(seed: int, shape: Shape) -> None:
    records = list(generate(seed, shape))
    assert write_trace(records, io.StringIO()) == shape.requests
    assert len(plan_replay(records, "trace").records) == shape.requests


def test_a_trace_is_reproducible_for_a_seed() -> None:
    shape = Shape(requests=2_000)
    assert list(generate(3, shape)) == list(generate(3, shape))
    assert list(generate(3, shape)) != list(generate(4, shape))


@pytest.mark.parametrize("exponent", [0.6, 1.0, 1.4])
def test_popularity_follows_zipf(exponent: float) -> None:
    records = generate(5, Shape(requests=60_000, repositories=100, zipf=exponent, pushes=0, checks=1, lists=0))
    used = Counter(record.repository for record in records)
    assert -exponent - 0.1 < slope([count for _, count in used.most_common(50)]) < -exponent + 0.1


def test_few_layers_contain_most_bytes(large: list[Record]) -> None:
    sizes = {record.name: record.size or 0 for record in large if record.name.startswith("layer")}
    ordered = sorted((size for size in sizes.values() if size), reverse=True)
    assert 50_000 < statistics.median(ordered) < 200_000
    assert sum(ordered[: len(ordered) // 100]) > 0.3 * sum(ordered)
    assert ordered[0] <= LayerSizes().most


def test_sizes_have_the_configured_median_and_tail() -> None:
    sizes = LayerSizes(median=10_000, sigma=1.0, tail=0.1, alpha=1.5, most=2**40)
    random = Random(11)  # noqa: S311 - not a secret
    drawn = sorted(sizes.draw(random) for _ in range(50_000))
    assert 0.95 < statistics.median(drawn) / 10_000 < 1.05
    # From the 90th to the 99th percentile Pareto sizes grow by the factor 10 ** (1 / alpha), lognormal ones by 2.8.
    assert 0.9 < drawn[49_500] / drawn[45_000] / 10 ** (1 / 1.5) < 1.1


def test_sizes_are_bounded() -> None:
    sizes = LayerSizes(median=1_000, sigma=5.0, tail=0.5, alpha=0.1, least=900, most=1_100)
    random = Random(1)  # noqa: S311 - not a secret
    assert {sizes.draw(random) for _ in range(1_000)} >= {900, 1_100}
    assert all(900 <= sizes.draw(random) <= 1_100 for _ in range(1_000))


def test_clients_arrive_at_random_at_the_rate(large: list[Record]) -> None:
    arrivals = [record.time for record in large if record.kind == "HEAD manifest"]  # nine of ten arrivals are pulls
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    assert 0.95 < 1 / statistics.mean(gaps) / (50 * 0.9) < 1.05
    assert 0.9 < statistics.stdev(gaps) / statistics.mean(gaps) < 1.1, "the gaps of a Poisson process are exponential"


def test_pushes_and_pulls_have_the_configured_fractions(large: list[Record]) -> None:
    counts = Counter(record.kind for record in large)
    assert set(counts) == set(KINDS)
    assert 0.08 < counts["PUT manifest"] / (counts["PUT manifest"] + counts["HEAD manifest"]) < 0.12
    assert 0.65 < counts["GET manifest"] / counts["HEAD manifest"] < 0.75


def test_images_share_layers(large: list[Record]) -> None:
    homes: dict[str, set[str]] = {}
    for record in large:
        if record.kind == "GET blob" and record.name.startswith("layer"):
            homes.setdefault(record.name, set()).add(record.repository)
    assert sum(len(where) > 1 for where in homes.values()) > 100
    named = [record.blobs for record in large if record.kind == "PUT manifest"]
    assert len({blob for blobs in named for blob in blobs}) < 0.8 * sum(len(blobs) for blobs in named)


def test_pulled_blobs_were_pushed_before_or_are_initial(large: list[Record]) -> None:
    present = {(name, blob) for name, each in plan_replay(large, "trace").initial.items() for blob in each.blobs}
    pushed: set[tuple[str, str]] = set()
    pulled: set[tuple[str, str]] = set()
    for record in large:
        where = (record.repository, record.name)
        if record.kind == "PUT blob":
            assert where not in present, "existing blobs are not pushed"
            present.add(where)
            pushed.add(where)
        elif record.kind == "HEAD blob":
            assert record.absent == (where not in present)
        elif record.kind == "GET blob":
            assert where in present
            pulled.add(where)
        elif record.kind == "PUT manifest":
            assert present.issuperset((record.repository, blob) for blob in record.blobs)
    assert pulled & pushed, "pushed blobs are pulled"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"requests": 0}, "requests of a generated trace is 0: expected 1 to 1e"),
        ({"pushes": 1.5}, "pushes of a generated trace is 1.5: expected 0 to 1"),
        ({"zipf": math.nan}, "zipf of a generated trace is nan"),
        ({"rate": 0}, "rate of a generated trace is 0"),
    ],
)
def test_an_invalid_shape_is_rejected(values: dict[str, float], complaint: str) -> None:
    with pytest.raises(BenchmarkError, match=complaint):
        Shape(**values)  # type: ignore[arg-type] # as a command line would


def test_invalid_sizes_are_rejected() -> None:
    with pytest.raises(BenchmarkError, match="median of a generated trace is 100: expected 200 to 300"):
        LayerSizes(median=100, least=200, most=300)
