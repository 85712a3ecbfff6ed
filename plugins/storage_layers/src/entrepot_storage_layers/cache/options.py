"""What is kept where, and how much of it."""

from __future__ import annotations

from pydantic import Field

from entrepot_contract import DriverOptions
from entrepot_contract.inner import InnerOptions

__all__ = ["CacheOptions"]


class CacheOptions(DriverOptions):
    """The options of ``cache``: ``size`` is in bytes, and ``fast`` belongs to the cache alone."""

    fast: InnerOptions
    slow: InnerOptions
    size: int = Field(default=10 * 2**30, gt=0)
