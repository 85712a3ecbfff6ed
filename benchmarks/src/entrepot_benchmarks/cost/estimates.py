"""Cost estimates for a million operations, from counted requests and a price table."""

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
    """Estimate the cost of a million pushes, pulls and manifest GETs on each target.

    - Returns the estimates, and notes about the targets without an estimate.
    - ``drivers`` maps target names to driver names; a target that is not in it has the name of its driver.
    - Amounts are in the currency of the table, for requests, and for bytes if the table has a price for them.
    - Raises BenchmarkError if a driver's prices lack a kind of request that was counted.
    """
    estimates: list[Estimate] = []
    notes: list[str] = []
    for cost in costs:
        driver = (drivers or {}).get(cost.target, cost.target)
        found = prices.drivers.get(driver)
        if cost.requests is None:
            notes.append(f"{cost.target}: no estimate, no HTTP request of its driver {driver} was observed")
        elif found is None:
            notes.append(f"{cost.target}: no estimate, the price table has no driver {driver}; add drivers.{driver}")
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
                f"the prices of {prices.name!r} have no rule for {kind} requests, which are sent by the operation "
                f"{cost.operation!r} on {cost.target}: add one to drivers.{driver}.rules"
            )
        amount += price
    return amount
