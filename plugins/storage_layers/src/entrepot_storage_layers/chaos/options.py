"""Which faults are made."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from entrepot_contract import DriverOptions
from entrepot_contract.inner import InnerOptions

__all__ = ["ChaosOptions", "ErrorName", "Fault", "Verb"]

Verb = Literal[
    "put",
    "read",
    "stat",
    "list_objects",
    "move",
    "delete",
    "upload_start",
    "upload_append",
    "upload_commit",
    "upload_abort",
    "sign_url",
    "health",
]

ErrorName = Literal["unavailable", "throttled", "denied", "no_space", "not_found", "integrity"]


class Fault(DriverOptions):
    """What goes wrong with a call.

    - ``probability``: of how many of the calls, between 0 and 1.
    - ``latency``: seconds that the call waits first.
    - ``error``: what is raised; nothing where it is left out and nothing is torn.
    - ``when``: whether the inner driver is called before the error is raised. ``after``, what was asked for is done
      although the call fails.
    - ``torn``: a read or an append breaks off after so many bytes, a listing after so many entries, with ``error`` or
      Unavailable.
    - ``cut``: a read ends after so many bytes as if they were all, as no driver may.
    - ``flipped``: a read gives one wrong bit in the byte of this number, as a rotten disk does.
    """

    probability: float = Field(default=1.0, ge=0, le=1)
    latency: NonNegativeFloat = 0.0
    error: ErrorName | None = None
    when: Literal["before", "after"] = "before"
    torn: NonNegativeInt | None = None
    cut: NonNegativeInt | None = None
    flipped: NonNegativeInt | None = None


class ChaosOptions(DriverOptions):
    """The options of ``chaos``.

    A verb's faults are one fault for any of its calls, or a list: the first for its first call, and so on, and none
    for those after the end.
    """

    inner: InnerOptions = Field(description="The driver in front of which faults are made, with its options.")
    seed: int = Field(default=0, description="The same seed gives the same calls the same faults.")
    faults: dict[Verb, Fault | list[Fault]] = Field(
        default_factory=dict, description="For each verb a fault of any of its calls, or a list for its first calls."
    )
