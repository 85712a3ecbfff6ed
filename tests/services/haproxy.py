"""haproxy before several registries, as ``deploy/haproxy.cfg`` has it: each request goes to the next one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from services.registry import Registry

__all__ = ["EXAMPLE", "haproxy"]

EXAMPLE: Final = Path(__file__).parents[2] / "deploy" / "haproxy.cfg"


def haproxy(hosts: Sequence[Registry], folder: Path) -> Registry:
    """The example with these hosts instead of its own, on a free port; not started yet.

    A client sees one registry at its address.
    """
    config = folder / "haproxy.cfg"
    balancer = Registry("haproxy", ("haproxy", "-db", "-f", str(config)), folder=folder)
    servers = [f"    server host{number} {host.address}" for number, host in enumerate(hosts, 1)]
    lines = [line for line in EXAMPLE.read_text().splitlines() if not re.match(r"\s+server ", line)]
    text = "\n".join([*lines, *servers, ""])
    config.write_text(text.replace("bind :5000", f"bind {balancer.address}"))
    return balancer
