from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot_benchmarks.cost import Prices, estimate, load_prices
from entrepot_benchmarks.cost.titles import PULL_IMAGE, PUSH_IMAGE, TAGS, push_blob
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.model import OperationCost, PriceTable

TABLE = """
drivers:
  mine:
    name: of the test
    date: 2026-01-31
    source: https://prices.example/list
    currency: EUR
    rules:
      - requests: [GET list]
        price: 5
        per: 1000
      - requests: [GET*, HEAD]
        price: 0.4
        per: 10000
      - requests: ["P*"]
        price: 7
        per: 1000000
    out: {price: 0.09, per: GB}
"""


def cost(
    requests: dict[str, int] | None, operation: str = PUSH_IMAGE, target: str = "mine", out: int = 0
) -> OperationCost:
    return OperationCost(target, operation, {}, requests, out)


def read(tmp_path: Path, text: str) -> Prices:
    file = tmp_path / "prices.yml"
    file.write_text(text)
    return load_prices(file)


def amount(prices: Prices, one: OperationCost) -> float:
    [found], notes = estimate([one], prices)
    assert notes == []
    return found.amount


def test_the_cost_of_a_million_operations_matches_a_manual_calculation(tmp_path: Path) -> None:
    prices = read(tmp_path, TABLE)
    # 2 x 10^6 lists are 2,000 thousands at 5.
    assert amount(prices, cost({"GET list": 2})) == 10_000
    # 4 x 10^6 are 400 ten thousands at 0.4; the rule for lists comes first, because this one would match them too.
    assert amount(prices, cost({"GET": 3, "HEAD": 1})) == 160
    assert amount(prices, cost({"PUT": 1, "PUT copy": 1, "POST": 1})) == 21
    # 1,500 bytes a million times are 1.5 GB at 0.09.
    assert amount(prices, cost({}, out=1_500)) == 0.135
    assert amount(prices, cost({"GET list": 1, "GET": 1, "POST": 2}, out=10**9)) == 5_000 + 40 + 14 + 90_000


def test_the_example_prices_cover_s3_azure_and_gcs() -> None:
    prices = load_prices(None)
    small = {"PUT": 4, "HEAD": 2, "POST": 1}
    # 5 at 5.00 and 2 at 0.40 a million.
    assert amount(prices, cost(small, push_blob(10_000), "s3")) == 25.8
    assert amount(prices, cost(small, push_blob(10_000), "s3aws")) == 25.8
    # 29 at 5.00 and 20 at 0.40.
    assert amount(prices, cost({"GET": 10, "PUT": 24, "HEAD": 10, "POST": 5}, PUSH_IMAGE, "s3")) == 153
    assert amount(prices, cost({"GET": 13}, PULL_IMAGE, "s3", out=41_865)) == 5.2
    # 4 at 5.50 and 3 at 0.44.
    assert amount(prices, cost(small, push_blob(10_000), "azure")) == 23.32
    # 4 at 5.00, 2 at 0.40 and 2 for free.
    assert amount(prices, cost({"POST": 4, "GET": 2, "DELETE": 2}, push_blob(10_000), "gcs")) == 20.8


def test_an_estimate_names_its_price_table(tmp_path: Path) -> None:
    [found], _ = estimate([cost({"GET": 1}, target="bucket")], read(tmp_path, TABLE), {"bucket": "mine"})
    assert found.table == PriceTable("of the test", "2026-01-31", "https://prices.example/list", "EUR")
    assert (found.target, found.operation) == ("bucket", PUSH_IMAGE)


def test_the_shipped_prices_are_marked_as_an_example() -> None:
    tables = [found.table for found in load_prices(None).drivers.values()]
    assert len(tables) == 4
    assert all(table.name.startswith("EXAMPLE: ") for table in tables)


@given(
    counts=st.dictionaries(st.sampled_from(["GET", "GET list", "HEAD", "PUT", "POST"]), st.integers(0, 10**6)),
    out=st.integers(0, 10**12),
)
def test_amounts_are_exact(counts: dict[str, int], out: int) -> None:
    prices = Prices.model_validate({"drivers": {"mine": {
        "name": "n", "date": "2026-01-31", "source": "https://a", "currency": "EUR",
        "rules": [
            {"requests": ["GET list"], "price": "5", "per": 1000},
            {"requests": ["GET", "HEAD"], "price": "0.4", "per": 10_000},
            {"requests": ["*"], "price": "7", "per": 1_000_000},
        ],
        "out": {"price": "0.09", "per": "GiB"},
    }}})  # fmt: skip
    each = {"GET list": Fraction(5, 1000), "GET": Fraction(4, 100_000), "HEAD": Fraction(4, 100_000)}
    exact = sum((each.get(kind, Fraction(7, 10**6)) * count for kind, count in counts.items()), Fraction(0))
    exact += Fraction(9, 100) * out / 2**30
    assert amount(prices, cost(counts, out=out)) == pytest.approx(float(exact * 10**6), rel=1e-15)


def test_a_target_without_prices_or_requests_has_no_estimate_and_one_note(tmp_path: Path) -> None:
    costs = [
        cost({"GET": 1}, target="other"),
        cost({"GET": 2}, PULL_IMAGE, "other"),
        cost(None, target="files"),
        cost({"GET": 1}),
    ]
    found, notes = estimate(costs, read(tmp_path, TABLE), {"files": "mine"})
    assert [one.target for one in found] == ["mine"]
    assert len(notes) == 2
    assert notes[0].startswith("other: no estimate")
    assert "add drivers.other" in notes[0]
    assert notes[1].startswith("files: no estimate")


def test_only_pushes_and_pulls_have_an_estimate(tmp_path: Path) -> None:
    assert estimate([cost({"GET list": 1}, TAGS)], read(tmp_path, TABLE)) == ([], [])


def test_a_kind_of_request_without_a_rule_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"no rule for DELETE.* add one to drivers\.mine\.rules"):
        estimate([cost({"GET": 1, "DELETE": 1})], read(tmp_path, TABLE))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    currency: EUR\n", "", "drivers.mine.currency is missing: add it"),
        ("currency: EUR", "currency: euros", "drivers.mine.currency "),
        ("currency: EUR", "currrency: EUR", "drivers.mine.currrency is not a key of a price table: remove it"),
        ("per: 1000\n", "per: 500\n", "drivers.mine.rules.0.per should be 1000, 10000 or 1000000: correct it"),
        ("price: 7", "price: -7", "drivers.mine.rules.2.price "),
        ("price: 7", "price: cheap", "drivers.mine.rules.2.price "),
        ("price: 7", "price: nan", "drivers.mine.rules.2.price "),
        ("per: GB", "per: TB", "drivers.mine.out.per should be 'GB' or 'GiB': correct it"),
        ("date: 2026-01-31", "date: yesterday", "drivers.mine.date "),
        ("https://prices", "prices", "drivers.mine.source "),
        ("requests: [GET list]", "requests: []", "drivers.mine.rules.0.requests "),
        ("drivers:\n", "drivers: [\n", "is not valid YAML in line 4, column 9"),
        ("    name: of the test\n", "    name: a\n    name: b\n", "is not valid YAML in line 5, column 5: duplicate"),
        (TABLE, "", "the whole file "),
    ],
)
def test_an_invalid_file_is_reported_with_its_name_and_the_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in TABLE
    with pytest.raises(BenchmarkError) as caught:
        read(tmp_path, TABLE.replace(old, new))
    assert str(tmp_path / "prices.yml") in str(caught.value)
    assert message in str(caught.value)
    assert "correct" in str(caught.value) or "add it" in str(caught.value) or "remove it" in str(caught.value)


def test_a_missing_or_non_utf8_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"nothing\.yml cannot be read: No such file or directory"):
        load_prices(tmp_path / "nothing.yml")
    (tmp_path / "latin.yml").write_bytes("währung".encode("latin-1"))
    with pytest.raises(BenchmarkError, match=r"latin\.yml is not UTF-8"):
        load_prices(tmp_path / "latin.yml")
