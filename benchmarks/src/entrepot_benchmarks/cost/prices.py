"""Prices of requests, from a user-supplied table."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.model import PriceTable

__all__ = ["DriverPrices", "Prices", "Rule", "Transfer", "load_prices"]

_SHIPPED: Final = "prices.yml"
_BYTES: Final = {"GB": 10**9, "GiB": 2**30}

Price = Annotated[Decimal, Field(ge=0)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Section):
    """The price of ``per`` requests of some kinds; a kind may be a shell pattern, such as ``PUT*``."""

    requests: Annotated[tuple[Text, ...], Field(min_length=1)]
    price: Price
    per: Literal[1_000, 10_000, 1_000_000]

    def matches(self, kind: str) -> bool:
        """Return whether the rule applies to a kind of request."""
        return any(fnmatchcase(kind, pattern) for pattern in self.requests)


class Transfer(_Section):
    """The price of outgoing bytes; a GB is 10^9 bytes, a GiB 2^30."""

    price: Price
    per: Literal["GB", "GiB"]


class DriverPrices(_Section):
    """The prices of a driver's backend; the first matching rule applies."""

    name: Text
    date: datetime.date
    source: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    out: Transfer | None = None

    @property
    def table(self) -> PriceTable:
        """The origin of these prices."""
        return PriceTable(self.name, self.date.isoformat(), self.source, self.currency)

    def of_requests(self, kind: str, count: int) -> Decimal | None:
        """Return the price of ``count`` requests, or None if no rule covers their kind."""
        rule = next((rule for rule in self.rules if rule.matches(kind)), None)
        return None if rule is None else rule.price * count / rule.per

    def of_bytes(self, size: int) -> Decimal:
        """Return the price of outgoing bytes, or 0 if the table has none."""
        return Decimal(0) if self.out is None else self.out.price * size / _BYTES[self.out.per]


class Prices(_Section):
    """Prices by driver, named by its entry point."""

    drivers: Mapping[str, DriverPrices]


def load_prices(path: Path | None) -> Prices:
    """Load a price table; None loads the example of this package.

    Raises BenchmarkError, which names the file and each invalid key.
    """
    from entrepot.config.document import DocumentError, parse_document  # slow import, not needed by a counting process

    place = files("entrepot_benchmarks.cost") / _SHIPPED if path is None else path
    try:
        raw = parse_document(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchmarkError(f"the price table {place} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BenchmarkError(f"the price table {place} is not UTF-8; save it as UTF-8") from error
    except DocumentError as error:
        raise BenchmarkError(f"the price table {place} {error}; correct it") from error
    try:
        return Prices.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(_sentence(fault["loc"], fault["type"], fault["msg"]) for fault in error.errors())
        example = files("entrepot_benchmarks.cost") / _SHIPPED
        raise BenchmarkError(f"the price table {place} is invalid: {faults}; see {example} for an example") from error


def _sentence(place: tuple[int | str, ...], kind: str, message: str) -> str:
    key = ".".join(map(str, place)) or "the whole file"
    if kind == "extra_forbidden":
        return f"{key} is not a key of a price table: remove it"
    if kind == "missing":
        return f"{key} is missing: add it"
    return f"{key} {message.removeprefix('Input ')[:1].lower()}{message.removeprefix('Input ')[1:]}: correct it"
