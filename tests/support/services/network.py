"""Ports for servers that are restarted on the same port."""

from __future__ import annotations

import random
import socket
from pathlib import Path

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a free port of 127.0.0.1.

    It is below the range of ephemeral ports: a client that retries a port within that range can connect to itself while
    the
    server is down.
    """
    first_of_clients = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(min(15000, first_of_clients // 2), first_of_clients), 200):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port below {first_of_clients} on {HOST}: stop some servers")


def accepts(port: int) -> bool:
    """Return whether something accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((HOST, port)) == 0
