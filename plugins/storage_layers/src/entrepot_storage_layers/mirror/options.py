"""The two sides."""

from __future__ import annotations

from entrepot_contract import DriverOptions
from entrepot_storage_layers.inner import InnerOptions

__all__ = ["MirrorOptions"]


class MirrorOptions(DriverOptions):
    """The options of ``mirror``: ``first`` decides who creates and who commits, and is asked first."""

    first: InnerOptions
    second: InnerOptions
