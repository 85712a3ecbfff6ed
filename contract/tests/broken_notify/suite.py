"""One test class for each broken sink; ``test_broken.py`` runs them in a separate process."""

from __future__ import annotations

from contract.tests.broken.register import BROKEN_NOTIFY
from contract.tests.broken_notify import beginnings, deliverers, refusers
from contract.tests.sink_cases import LinesCase

MODULES = (beginnings, deliverers, refusers)

for entered in BROKEN_NOTIFY.values():
    case = type(f"Test{entered.driver.__name__}", (LinesCase,), {"sink_class": entered.driver})
    globals()[case.__name__] = case
# Deleted, so that pytest does not collect it under this name as well.
del case, LinesCase
