"""The kit, run on a correct sink."""

from __future__ import annotations

from contract.tests.sink_cases import HttpCase, LinesCase


class TestHonestSink(LinesCase):
    pass


class TestHonestHttpSink(HttpCase):
    pass
