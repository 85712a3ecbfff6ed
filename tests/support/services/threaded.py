"""Servers of the standard library that run in a thread while their context is open."""

from __future__ import annotations

from socketserver import ThreadingTCPServer
from threading import Thread
from types import TracebackType
from typing import Self

__all__ = ["ThreadedServer"]


class ThreadedServer(ThreadingTCPServer):
    """Serve while the context is open. Connections that are still open do not delay its exit."""

    daemon_threads = True
    block_on_close = False

    def __enter__(self) -> Self:
        name = type(self).__name__
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, name=name, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
