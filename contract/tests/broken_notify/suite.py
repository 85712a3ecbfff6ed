"""One test class for each broken sink; ``test_broken.py`` runs them in a separate process."""

from __future__ import annotations

from contract.tests.broken.register import BROKEN_NOTIFY, enter_all
from contract.tests.honest_http_sink import HttpSink
from contract.tests.sink_cases import HttpCase, LinesCase

enter_all(__file__)

for entered in BROKEN_NOTIFY.values():
    suite = HttpCase if issubclass(entered.driver, HttpSink) else LinesCase
    case = type(f"Test{entered.driver.__name__}", (suite,), {"sink_class": entered.driver})
    globals()[case.__name__] = case
# Deleted, so that pytest does not collect it under this name as well.
del case, suite, HttpCase, LinesCase
