"""Every row of the tables, against the host with each of its servers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protocol.rows import ALL
from protocol.run import run_row
from protocol.servers import KINDS
from protocol.table import Row

CASES = [
    pytest.param(kind, row, id=f"{kind}-{theme}-{row.name}")
    for kind in KINDS
    for theme, rows in ALL.items()
    for row in rows
    # The configuration does not affect the driver, so the memory driver only runs the default configuration.
    if kind != "inmemory" or row.flavour == "default"
]


@pytest.mark.parametrize(("kind", "row"), CASES)
def test_row(server_port: Callable[[str, str], int], kind: str, row: Row) -> None:
    run_row(server_port(kind, row.flavour), row)
