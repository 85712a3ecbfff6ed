"""Throughput of this machine without a registry: upper limits of the load generator and of hashing."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Callable

from entrepot_benchmarks.load.clients import run_clients
from entrepot_benchmarks.load.payload import PayloadSource

__all__ = ["loopback", "sha256"]

SIZE = 64 * 2**20
BUFFER = 2**20


def sha256() -> float:
    """Return the throughput of sha256 on one core, in MB/s."""
    block = bytes(BUFFER)
    hasher = hashlib.sha256()
    began = time.perf_counter()
    for _ in range(SIZE // BUFFER):
        hasher.update(block)
    return SIZE / (time.perf_counter() - began) / 1e6


def loopback(source: PayloadSource) -> float:
    """Return the throughput between two processes over loopback, with the generator's own code, in MB/s."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def sending() -> Callable[[int], int]:
            sock, _ = listener.accept()

            def send(number: int) -> int:
                source.make(str(number)).send(sock)
                return source.size

            return send

        def receiving() -> Callable[[int], int]:
            sock = socket.create_connection(("127.0.0.1", port))
            buffer = memoryview(bytearray(BUFFER))

            def receive(number: int) -> int:
                left = source.size
                while left:
                    left -= sock.recv_into(buffer, min(BUFFER, left))
                return 0

            return receive

        spell = run_clients([sending, receiving], 0, least=4)
    return spell.bytes / spell.elapsed / 1e6
