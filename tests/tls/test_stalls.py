"""Clients that stall during the TLS handshake, or after it, do not block others."""

from __future__ import annotations

from pathlib import Path

import pytest
from tls.secured import Secured

from entrepot_contract.testing.server import stalls

NOTHING = b""
HALF_A_HELLO = b"\x16\x03\x01\x02\x00\x01\x00"


@pytest.mark.parametrize(("name", "workers"), [("granian", 1), ("granian", 2), ("gunicorn", 1)])
def test_many_stalled_clients_do_not_block_others(name: str, workers: int, tmp_path: Path) -> None:
    with Secured(name, tmp_path, workers=workers, drain_timeout=1) as secured:
        for sent in (NOTHING, HALF_A_HELLO):
            with stalls.stalled(secured.server.connect, sent):
                assert stalls.seconds_for_others(secured.connect) < 10
        for sent in (stalls.IN_HEADERS, stalls.IN_BODY, stalls.IN_ANSWER):
            with stalls.stalled(secured.connect, sent):
                assert stalls.seconds_for_others(secured.connect) < 10
