"""The processes of a server, taken together."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import psutil

__all__ = ["Family", "listener"]

ANYWHERE: Final = {"0.0.0.0", "::"}  # noqa: S104 - it is looked for, not listened on


class Family:
    """A process and all its descendants; ``root`` tells its process id, or None where nobody can tell."""

    def __init__(self, root: Callable[[], int | None]) -> None:
        self._root = root

    @property
    def known(self) -> bool:
        """Whether the process is known, and there."""
        return any(self._members())

    def pids(self) -> Sequence[int]:
        """The process ids now."""
        return [process.pid for process in self._members()]

    def cpu_seconds(self) -> float:
        """The processor time that all of them, and those of them that have ended, took since each was started."""
        total = 0.0
        for process in self._members():
            with suppress(psutil.NoSuchProcess):  # one that ended in between serves nobody
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def memory(self) -> int | None:
        """The bytes that they hold together, shared pages counted once (PSS); None where that is not ours to see."""
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
    """The process that listens on a port of this machine, the eldest of them; None where nobody can tell."""
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
