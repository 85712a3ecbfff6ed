"""The cost of a push or pull: counts of driver calls and requests, and estimates from a price table."""

from entrepot_benchmarks.cost.counting import count_operations
from entrepot_benchmarks.cost.estimates import estimate
from entrepot_benchmarks.cost.prices import Prices, load_prices

__all__ = ["Prices", "count_operations", "estimate", "load_prices"]
