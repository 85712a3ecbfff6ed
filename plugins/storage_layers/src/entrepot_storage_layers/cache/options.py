"""What is kept where, and how much of it."""

from __future__ import annotations

from pydantic import Field

from entrepot_contract import DriverOptions
from entrepot_contract.inner import InnerOptions

__all__ = ["CacheOptions"]


class CacheOptions(DriverOptions):
    """The options of ``cache``, by which a fast driver holds copies of what a slow one has."""

    fast: InnerOptions = Field(description="The driver of the copies, with its options; it belongs to the cache alone.")
    slow: InnerOptions = Field(description="The driver of all objects, with its options.")
    size: int = Field(default=10 * 2**30, gt=0, description="The bytes that all copies may take together.")
