"""The options of the chaos driver."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from entrepot_contract import DriverOptions
from entrepot_contract.toolkit.nesting import InnerOptions

__all__ = ["ChaosOptions", "ErrorName", "Fault", "Verb"]

Verb = Literal[
    "put",
    "read",
    "stat",
    "list_objects",
    "move",
    "delete",
    "delete_unchanged",
    "upload_start",
    "upload_append",
    "upload_commit",
    "upload_abort",
    "sign_url",
    "health",
]

ErrorName = Literal["unavailable", "throttled", "denied", "no_space", "not_found", "integrity"]


class Fault(DriverOptions):
    """A fault of a call.

    - ``probability``: the proportion of calls with the fault, between 0 and 1.
    - ``latency``: seconds to wait before the call.
    - ``error``: the error to raise; none if it is omitted and ``torn`` is not set.
    - ``when``: whether the error is raised before or after the inner driver is called. With ``after``, the operation
      is done although the call fails.
    - ``torn``: a read or an append fails after this number of bytes, a listing after this number of entries, with
      ``error`` or Unavailable.
    - ``cut``: a read ends normally after this number of bytes, in violation of the contract.
    - ``flipped``: a read returns a flipped bit in the byte at this offset, like a faulty disk.
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

    The faults of a method are one fault for all calls, or a list: the first for the first call, and so on, and none
    for calls after the end of the list.
    """

    inner: InnerOptions = Field(description="The driver into which faults are injected, with its options.")
    seed: int = Field(default=0, description="Seed of the random numbers: the same seed results in the same faults.")
    faults: dict[Verb, Fault | list[Fault]] = Field(
        default_factory=dict, description="For each method, a fault for all calls, or a list for the first calls."
    )
