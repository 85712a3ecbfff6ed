"""The options of the mirror driver."""

from __future__ import annotations

from pydantic import Field, NonNegativeFloat

from entrepot_contract import DriverOptions
from entrepot_contract.toolkit.nesting import InnerOptions

__all__ = ["MirrorOptions"]


class MirrorOptions(DriverOptions):
    """The options of ``mirror``, which stores the same objects in two drivers."""

    first: InnerOptions = Field(description="The driver that is used first and decides, with its options.")
    second: InnerOptions = Field(description="The driver that is used if the first fails, with its options.")
    compare: NonNegativeFloat = Field(
        default=86400.0, description="Seconds between two comparisons of all objects on both sides; 0 disables them."
    )
