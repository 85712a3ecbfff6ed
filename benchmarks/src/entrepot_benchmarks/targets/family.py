"""The process tree of a server."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import psutil

__all__ = ["Family", "listener"]

ANYWHERE: Final = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not listened on


class Family:
    """A process and all its descendants; ``root`` returns its process id, or None if unknown."""

    def __init__(self, root: Callable[[], int | None]) -> None:
        self._root = root

    @property
    def known(self) -> bool:
        """Whether the process is known and running."""
        return any(self._members())

    def pids(self) -> Sequence[int]:
        """Return the current process ids."""
        return [process.pid for process in self._members()]

    def cpu_seconds(self) -> float:
        """Return the total CPU time of all processes, including terminated children."""
        total = 0.0
        for process in self._members():
            with suppress(psutil.NoSuchProcess):  # a process that has just exited
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def memory(self) -> int | None:
        """Return the total memory in bytes, with shared pages counted once (PSS), or None without permission."""
        total = 0
        try:
            for process in self._members():
                with suppress(psutil.NoSuchProcess):
                    total += process.memory_full_info().pss
        except psutil.AccessDenied:
            return None
        return total

    def _members(self) -> Iterator[psutil.Process]:
        root = self._root()
        if root is not None:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(root)
                yield process
                yield from process.children(recursive=True)


def listener(host: str, port: int) -> int | None:
    """Return the oldest process that listens on a port of this machine, or None if unknown."""
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        if not all(ipaddress.ip_address(address).is_loopback for address in addresses):
            return None
        listens = {
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == port
            and connection.laddr.ip in addresses | ANYWHERE
        }
        found = [pid for pid in listens if pid is not None]
        return min(found, key=lambda pid: psutil.Process(pid).create_time(), default=None)
    except (OSError, ValueError, psutil.Error):
        return None
