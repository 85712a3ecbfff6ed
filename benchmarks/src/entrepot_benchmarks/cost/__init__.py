"""What a push or a pull costs: the driver's calls and requests, counted, and by a table of prices in currency."""

from entrepot_benchmarks.cost.counting import count_operations
from entrepot_benchmarks.cost.estimates import estimate
from entrepot_benchmarks.cost.prices import Prices, load_prices

__all__ = ["Prices", "count_operations", "estimate", "load_prices"]
