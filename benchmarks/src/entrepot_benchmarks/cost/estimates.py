"""From counted requests and a table of prices to what a million operations cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from entrepot_benchmarks.cost.prices import DriverPrices, Prices
from entrepot_benchmarks.cost.titles import is_priced
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.model import Estimate, OperationCost

__all__ = ["estimate"]

_MILLION: Final = 1_000_000


def estimate(
    costs: Sequence[OperationCost], prices: Prices, drivers: Mapping[str, str] | None = None
) -> tuple[list[Estimate], list[str]]:
    """What a million pushes, pulls and GETs of a manifest cost on each target, and why some targets have no estimate.

    - ``drivers``: the driver of each target by the target's name; one that is not in it is called as its driver is.
    - The amounts are in the currency of the table, for requests, and for bytes where the table has a price for them.
    - Raises BenchmarkError where a driver's prices lack a kind of request that was counted.
    """
    estimates: list[Estimate] = []
    notes: list[str] = []
    for cost in costs:
        driver = (drivers or {}).get(cost.target, cost.target)
        found = prices.drivers.get(driver)
        if cost.requests is None:
            notes.append(f"{cost.target}: no estimate, for no HTTP request of its driver {driver} was heard")
        elif found is None:
            notes.append(f"{cost.target}: no estimate, for the prices know no driver {driver}; add drivers.{driver}")
        elif is_priced(cost.operation):
            amount = _amount(found, driver, cost, cost.requests)
            estimates.append(Estimate(cost.target, cost.operation, float(amount), found.table))
    return estimates, list(dict.fromkeys(notes))


def _amount(prices: DriverPrices, driver: str, cost: OperationCost, requests: Mapping[str, int]) -> Decimal:
    amount = prices.of_bytes(cost.bytes_out * _MILLION)
    for kind, count in requests.items():
        price = prices.of_requests(kind, count * _MILLION)
        if price is None:
            raise BenchmarkError(
                f"the prices of {prices.name!r} have no rule for {kind}, which a {cost.operation} on {cost.target} "
                f"sends: add one to drivers.{driver}.rules"
            )
        amount += price
    return amount
