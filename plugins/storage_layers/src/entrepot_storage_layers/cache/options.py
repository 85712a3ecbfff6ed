"""The options of the cache driver."""

from __future__ import annotations

from pydantic import Field

from entrepot_contract import DriverOptions
from entrepot_contract.toolkit.nesting import InnerOptions

__all__ = ["CacheOptions"]


class CacheOptions(DriverOptions):
    """The options of ``cache``, which keeps copies of a slow driver's objects in a fast driver."""

    fast: InnerOptions = Field(
        description="The driver for the copies, with its options; used exclusively by the cache."
    )
    slow: InnerOptions = Field(description="The driver for all objects, with its options.")
    size: int = Field(default=10 * 2**30, gt=0, description="Maximum total size of the copies, in bytes.")
