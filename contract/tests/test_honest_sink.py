"""The kit on a sink that keeps the contract."""

from __future__ import annotations

from contract.tests.sink_cases import LinesCase


class TestHonestSink(LinesCase):
    pass
