"""The kit, run on a correct sink."""

from __future__ import annotations

from contract.tests.sink_cases import LinesCase


class TestHonestSink(LinesCase):
    pass
