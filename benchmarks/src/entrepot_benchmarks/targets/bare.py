"""The bare loop of ``entrepot_benchmarks.bare`` as a target for pushes."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Literal

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import connect
from entrepot_benchmarks.targets.process import ServerProcess, free_port

__all__ = ["BareLoop"]


class BareLoop:
    """A running bare loop, with its writes cached or direct."""

    def __init__(self, data: Path, mode: Literal["cached", "direct"]) -> None:
        self.name = f"bare loop, {mode} writes"
        self.port = free_port()
        self._files = data / "files"
        self._files.mkdir(parents=True)
        command = [sys.executable, "-m", "entrepot_benchmarks.bare", str(self.port), str(self._files), mode]
        self.process = ServerProcess(command, self.port, data / "server.log")

    def push(self, repository: str, payload: Payload) -> None:
        """Send the payload; the loop knows no repositories."""
        del repository
        with connect(self.port) as sock:
            sock.sendall(payload.size.to_bytes(8))
            payload.send(sock)
            answer = sock.recv(64, socket.MSG_WAITALL).decode()
        if f"sha256:{answer}" != payload.digest:
            raise BenchmarkError(f"{self.name} answered {answer!r} for {payload.digest}")

    def forget(self, repository: str, digests: list[str]) -> None:
        """Take the files off the disk."""
        del repository
        for digest in digests:
            (self._files / digest.removeprefix("sha256:")).unlink()
