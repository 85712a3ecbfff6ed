"""The notification sink kit: one file for each group of tests, and one class that combines them."""

from __future__ import annotations

from entrepot_contract.testing.integrity import WholeContract
from entrepot_contract.testing.notify.crowd import CrowdContract
from entrepot_contract.testing.notify.delivering import DeliveringContract
from entrepot_contract.testing.notify.lifecycle import LifecycleContract
from entrepot_contract.testing.notify.refusing import RefusingContract
from entrepot_contract.testing.notify.secrecy import SecrecyContract
from entrepot_contract.testing.notify.wire import WireContract

__all__ = ["SinkContract"]


class SinkContract(
    DeliveringContract,
    RefusingContract,
    CrowdContract,
    WireContract,
    SecrecyContract,
    LifecycleContract,
    WholeContract,
):
    """All tests that a sink must pass; a subclass sets ``sink_class`` and defines the fixtures.

    - ``config`` returns the sink's options: JSON values, for a working endpoint.
    - ``received`` returns a function that returns the ids of all events delivered so far, in order, with duplicates.
    - ``unreachable`` returns the options of an endpoint that cannot be reached.
    - ``hanging``, ``failing`` and ``rejecting`` optionally return the options of endpoints that never respond, fail
      temporarily, and reject all events permanently.
    - ``at_url`` optionally returns a function that takes the URL of an HTTP endpoint of the kit, and returns the
      options of a sink that delivers there.
    - ``mend`` optionally returns a function that makes the unreachable endpoint work.
    """
