"""An event loop in its own thread, because only asyncio can apply one timeout to a whole request."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import TypeVar

__all__ = ["LoopThread"]

Answer = TypeVar("Answer")


class LoopThread:
    """Runs coroutines on behalf of other threads. The loop starts with the first one."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, coroutine: Coroutine[object, object, Answer]) -> Answer:
        """Run a coroutine and return its result, or raise its exception.

        Raises CancelledError of ``concurrent.futures`` if the loop is closed before it has ended.
        """
        return asyncio.run_coroutine_threadsafe(coroutine, self._started()).result()

    @property
    def running(self) -> bool:
        """Whether the loop has been started and not been closed."""
        return self._loop is not None

    def close(self) -> None:
        """Stop the loop and its thread."""
        with self._starting:
            if self._loop is None or self._thread is None:
                return
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            # Threads wait for these, and would wait for ever.
            running = asyncio.all_tasks(self._loop)
            for task in running:
                task.cancel()
            if running:
                self._loop.run_until_complete(asyncio.wait(running))
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
