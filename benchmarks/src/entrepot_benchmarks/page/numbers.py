"""Numbers as people read them, with about three digits that mean something."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["amount", "clients", "count", "duration", "listing", "quantity", "rate", "share", "size", "spread"]


def rate(value: float) -> str:
    """A rate, a factor or another plain quantity: 1,234 or 12.3 or 1.23."""
    if value >= 99.95:
        return f"{value:,.0f}"
    if value >= 9.995:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.0995 or value == 0 else f"{value:.2g}"


def spread(low: float, high: float) -> str:
    """The least and the most of several values."""
    return f"{rate(low)} to {rate(high)}"


def quantity(value: float, unit: str) -> str:
    """A rate with its unit."""
    return f"{rate(value)} {unit}"


def duration(seconds: float) -> str:
    """A time in the unit that suits it, from microseconds to hours."""
    for least, factor, unit in ((7200, 3600, "h"), (120, 60, "min"), (0.9995, 1, "s"), (0.9995e-3, 1e-3, "ms")):
        if seconds >= least:
            return f"{rate(seconds / factor)} {unit}"
    return f"{rate(seconds * 1e6)} µs"


def size(value: float) -> str:
    """Bytes in MiB or GiB."""
    return f"{rate(value / 2**30)} GiB" if value >= 2**30 else f"{rate(value / 2**20)} MiB"


def share(value: float) -> str:
    """A part of one in percent."""
    return f"{value:.0%}"


def amount(value: float, currency: str) -> str:
    """Money, to the cent where that says enough."""
    return f"{value:,.2f} {currency}" if value >= 0.1 or value == 0 else f"{value:.3g} {currency}"


def count(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many}"


def clients(number: int) -> str:
    """How many clients at once."""
    return count(number, "client", "clients")


def listing(names: Sequence[str], last: str = "and") -> str:
    """Names as an enumeration: a, b and c."""
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
