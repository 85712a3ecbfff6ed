"""Formatting of numbers, with about three significant digits."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["amount", "clients", "count", "duration", "listing", "quantity", "rate", "share", "size", "spread"]


def rate(value: float) -> str:
    """Format a rate, a factor or another plain number: 1,234 or 12.3 or 1.23."""
    if value >= 99.95:
        return f"{value:,.0f}"
    if value >= 9.995:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.0995 or value == 0 else f"{value:.2g}"


def spread(low: float, high: float) -> str:
    """Format a range of values."""
    return f"{rate(low)} to {rate(high)}"


def quantity(value: float, unit: str) -> str:
    """Format a rate with its unit."""
    return f"{rate(value)} {unit}"


def duration(seconds: float) -> str:
    """Format a time in a suitable unit, from microseconds to hours."""
    for least, factor, unit in ((7200, 3600, "h"), (120, 60, "min"), (0.9995, 1, "s"), (0.9995e-3, 1e-3, "ms")):
        if seconds >= least:
            return f"{rate(seconds / factor)} {unit}"
    return f"{rate(seconds * 1e6)} µs"


def size(value: float) -> str:
    """Format a number of bytes in MiB or GiB."""
    return f"{rate(value / 2**30)} GiB" if value >= 2**30 else f"{rate(value / 2**20)} MiB"


def share(value: float) -> str:
    """Format a fraction in percent."""
    return f"{value:.0%}"


def amount(value: float, currency: str) -> str:
    """Format an amount of money, to the cent if that is precise enough."""
    return f"{value:,.2f} {currency}" if value >= 0.1 or value == 0 else f"{value:.3g} {currency}"


def count(number: int, one: str, many: str) -> str:
    """Format a number with its noun."""
    return f"{number} {one if number == 1 else many}"


def clients(number: int) -> str:
    """Format a number of clients."""
    return count(number, "client", "clients")


def listing(names: Sequence[str], last: str = "and") -> str:
    """Format names as an enumeration: a, b and c."""
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
