"""Proxies keep idle connections for more than a minute and may send a request at any time."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from entrepot.plugins import load_server
from entrepot_contract.testing.server.messages import request
from entrepot_contract.testing.server.running import Running

SERVERS = ("granian", "gunicorn", "waitress")


@pytest.mark.slow
def test_an_idle_connection_stays_open_for_75_seconds(tmp_path: Path) -> None:
    with ExitStack() as stack:
        running = [stack.enter_context(Running(load_server(name), tmp_path / name)) for name in SERVERS]
        connections = [stack.enter_context(server.connect()) for server in running]
        for pause in (75, 0):
            for connection in connections:
                connection.sendall(request("HEAD", "/sized") + b"\r\n")
                assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
            time.sleep(pause)
