"""Concurrent upload of the parts of one body, while the body is still being received."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from threading import BoundedSemaphore, Lock
from typing import Generic, TypeVar

from entrepot_contract.types import Chunks

__all__ = ["PartSender"]

Sent = TypeVar("Sent")


class PartSender:
    """The threads and buffers that the appends of one driver share.

    - An append fills one part at a time. It passes a full part to a free thread; if no thread is free, it sends the
      part itself and then continues reading.
    - At most ``threads`` parts are being sent by threads, whatever the number of appends; each append holds one more.
    - The buffer of a part is reused after it is sent, because allocating memory costs more than copying into it.
      Buffers are freed when no append is running.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._threads = threads
        self._name = name
        self._free = BoundedSemaphore(threads)
        self._pool: ThreadPoolExecutor | None = None
        self._lock = Lock()
        self._appends = 0
        self._spare: list[bytearray] = []

    def send(
        self, data: Chunks, size: int, put: Callable[[int, bytearray], Sent], *, head: bytes = b""
    ) -> tuple[list[Sent], bytearray]:
        """Split ``head`` followed by ``data`` into parts of ``size`` bytes, and call ``put`` with each and its index.

        - A part is valid only until its ``put`` has returned.
        - Returns the results of ``put`` in order, and the remaining bytes that do not fill a part.
        - If ``data`` or ``put`` raises, the exception is re-raised once no ``put`` of this call is running.
        """

        def put_once(index: int, part: bytearray) -> Sent:
            try:
                return put(index, part)
            finally:
                self._spare.append(part)

        sending = _Sending(self, put_once)
        with self._lock:
            self._appends += 1
        try:
            rest = self._split(chain((head,), data), size, sending.add)
            return sending.results(), rest
        except BaseException:
            sending.settle()
            raise
        finally:
            with self._lock:
                self._appends -= 1
                if not self._appends:
                    self._spare.clear()

    def each(self, count: int, put: Callable[[int], Sent]) -> list[Sent]:
        """Call ``put`` concurrently with every index below ``count``, and return the results in order.

        If a call raises, its exception is re-raised once no ``put`` of this call is running.
        """
        sending = _Sending(self, lambda index, _: put(index))
        try:
            for _ in range(count):
                sending.add(bytearray())
            return sending.results()
        except BaseException:
            sending.settle()
            raise

    def close(self) -> None:
        """Wait until all parts are sent and stop the threads. Idempotent."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def submit(self, work: Callable[[], Sent]) -> Future[Sent]:
        """Run ``work`` in a free thread, or in the calling thread if none is free."""
        if not self._free.acquire(blocking=False):
            return _run(work)
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=self._name)
            try:
                future = self._pool.submit(work)
            except BaseException:
                self._free.release()
                raise
        future.add_done_callback(lambda _: self._free.release())
        return future

    def _split(self, data: Chunks, size: int, add: Callable[[bytearray], None]) -> bytearray:
        part, filled = self._buffer(size), 0
        for chunk in data:
            # No view is left when the next chunk is requested, because the caller may resize its buffer.
            with memoryview(chunk) as view:
                start, end = 0, len(view)
                while start < end:
                    stop = min(end, start + size - filled)
                    with memoryview(part) as window, view[start:stop] as taken:
                        window[filled : filled + stop - start] = taken
                    filled, start = filled + stop - start, stop
                    if filled == size:
                        add(part)
                        part, filled = self._buffer(size), 0
        rest_of_all = part[:filled]
        self._spare.append(part)
        return rest_of_all

    def _buffer(self, size: int) -> bytearray:
        try:
            part = self._spare.pop()
        except IndexError:
            return bytearray(size)
        return part if len(part) == size else bytearray(size)


class _Sending(Generic[Sent]):
    """The parts of one call, in order."""

    def __init__(self, sender: PartSender, put: Callable[[int, bytearray], Sent]) -> None:
        self._sender = sender
        self._put = put
        self._running: deque[Future[Sent]] = deque()
        self._done: list[Sent] = []
        self._count = 0

    def add(self, part: bytearray) -> None:
        index, self._count = self._count, self._count + 1
        self._running.append(self._sender.submit(lambda: self._put(index, part)))
        # Raise a failure before more of the body is read.
        while self._running and self._running[0].done():
            self._done.append(self._running.popleft().result())

    def results(self) -> list[Sent]:
        while self._running:
            self._done.append(self._running.popleft().result())
        return self._done

    def settle(self) -> None:
        """Wait until nothing is running; further exceptions have the same cause or are consequences of the first."""
        for future in self._running:
            if not future.cancel():
                future.exception()


def _run(work: Callable[[], Sent]) -> Future[Sent]:
    future: Future[Sent] = Future()
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised again by result()
        future.set_exception(error)
    return future
