"""The two sides."""

from __future__ import annotations

from pydantic import NonNegativeFloat

from entrepot_contract import DriverOptions
from entrepot_contract.inner import InnerOptions

__all__ = ["MirrorOptions"]


class MirrorOptions(DriverOptions):
    """The options of ``mirror``.

    - ``first`` decides who creates and who commits, and is asked first.
    - ``compare``: seconds between two comparisons of all that both sides hold; 0 for none.
    """

    first: InnerOptions
    second: InnerOptions
    compare: NonNegativeFloat = 86400.0
