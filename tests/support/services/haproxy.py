"""haproxy in front of several registries, configured by ``deploy/haproxy.cfg``, with round-robin balancing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from support.services.registry import Registry

__all__ = ["EXAMPLE", "haproxy", "with_hosts"]

EXAMPLE: Final = Path(__file__).parents[3] / "deploy" / "haproxy.cfg"


def haproxy(hosts: Sequence[Registry], folder: Path) -> Registry:
    """Return haproxy with the example configuration for these hosts, on a free port, not started.

    To clients it is one registry.
    """
    config = folder / "haproxy.cfg"
    balancer = Registry("haproxy", ("haproxy", "-db", "-f", str(config)), folder=folder)
    text = with_hosts(EXAMPLE.read_text(), [host.address for host in hosts])
    # A restarted host gets requests again sooner than with the second of the example.
    text = text.replace("bind :5000", f"bind {balancer.address}").replace("check inter 1s", "check inter 200ms")
    config.write_text(text)
    return balancer


def with_hosts(example: str, addresses: Sequence[str]) -> str:
    """Replace the host addresses in an example configuration.

    Raises ValueError if the number of hosts differs.
    """
    pieces = [piece for number in range(1, 10) for piece in [f"registry-{number}:5000"] if piece in example]
    for piece, address in zip(pieces, addresses, strict=True):
        example = example.replace(piece, address)
    return example
