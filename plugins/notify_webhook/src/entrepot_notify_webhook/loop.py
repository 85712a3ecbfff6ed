"""An event loop in a thread of its own: in it alone a whole request can be given up at a given time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import TypeVar

__all__ = ["LoopThread"]

Answer = TypeVar("Answer")


class LoopThread:
    """Runs coroutines for threads that wait for them; begins with the first."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, work: Coroutine[object, object, Answer]) -> Answer:
        """What a coroutine returns; raises what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self._started()).result()

    @property
    def running(self) -> bool:
        """Whether it has begun, and has not been closed."""
        return self._loop is not None

    def close(self) -> None:
        """End the thread."""
        with self._starting:
            if self._loop is None or self._thread is None:
                return
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
            self._loop = None

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="webhook", daemon=True)
                self._thread.start()
            return self._loop
