"""The contract for notification sinks as tests: one file for each group, one class of them all."""

from __future__ import annotations

from entrepot_contract.testing.notify.delivering import DeliveringContract
from entrepot_contract.testing.notify.lifecycle import LifecycleContract
from entrepot_contract.testing.notify.refusing import RefusingContract
from entrepot_contract.testing.notify.secrecy import SecrecyContract
from entrepot_contract.testing.whole import WholeContract

__all__ = ["SinkContract"]


class SinkContract(DeliveringContract, RefusingContract, SecrecyContract, LifecycleContract, WholeContract):
    """Every test that a sink has to pass; a subclass sets ``sink_class`` and the fixtures.

    - ``config`` answers the sink's options: JSON values, of a place that works.
    - ``received`` answers a function: the ids of the events that have arrived by now, in order, with repeats.
    - ``unreachable`` answers the options of a place where nobody is.
    - ``hanging``, ``failing`` and ``rejecting`` may answer the options of places that never answer, refuse in a way
      that may pass, and will never take anything.
    - ``mend`` may answer a function after which the unreachable place works.
    """
