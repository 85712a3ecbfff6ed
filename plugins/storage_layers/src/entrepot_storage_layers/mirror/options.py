"""The two sides."""

from __future__ import annotations

from pydantic import Field, NonNegativeFloat

from entrepot_contract import DriverOptions
from entrepot_contract.inner import InnerOptions

__all__ = ["MirrorOptions"]


class MirrorOptions(DriverOptions):
    """The options of ``mirror``, by which two drivers hold the same."""

    first: InnerOptions = Field(description="The driver that is asked first and decides, with its options.")
    second: InnerOptions = Field(description="The driver that answers where the first cannot, with its options.")
    compare: NonNegativeFloat = Field(
        default=86400.0, description="Seconds between two comparisons of all that both sides hold; 0 for none."
    )
