"""Parts of one body sent to a backend side by side, while the body still comes in."""

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
    """The threads and the memory that the appends of one driver share.

    - An append has one part that fills, and hands a full one to a thread where one is free; otherwise it sends the
      part itself, and reads on after that.
    - At most ``threads`` parts are on their way in threads, whatever the number of appends; each append holds one more.
    - The memory of a part is used again once it is sent, for fresh memory costs more than the copy into it. It is let
      go of when no append runs.
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
        """Cut ``head`` and then ``data`` into parts of ``size`` bytes, and give each with its index to ``put``.

        - A part is valid only until its ``put`` has returned.
        - Answers what ``put`` answered, in order, and the rest that fills no part.
        - Where ``data`` or ``put`` raises, the exception passes through once no ``put`` of this call runs any more.
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
            rest = self._fill(chain((head,), data), size, sending.add)
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
        """Call ``put`` with every index below ``count``, side by side, and answer what it answered in order.

        Where one raises, its exception passes through once no ``put`` of this call runs any more.
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
        """End the threads, once what they send is sent; again is harmless."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def submit(self, work: Callable[[], Sent]) -> Future[Sent]:
        """Run in a thread where one is free, and otherwise here and now."""
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

    def _fill(self, data: Chunks, size: int, add: Callable[[bytearray], None]) -> bytearray:
        part, filled = self._buffer(size), 0
        for chunk in data:
            rest = memoryview(chunk)
            while rest:
                taken = rest[: size - filled]
                with memoryview(part) as window:
                    window[filled : filled + len(taken)] = taken
                filled, rest = filled + len(taken), rest[len(taken) :]
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
    """The parts of one call, in their order."""

    def __init__(self, sender: PartSender, put: Callable[[int, bytearray], Sent]) -> None:
        self._sender = sender
        self._put = put
        self._running: deque[Future[Sent]] = deque()
        self._done: list[Sent] = []
        self._count = 0

    def add(self, part: bytearray) -> None:
        index, self._count = self._count, self._count + 1
        self._running.append(self._sender.submit(lambda: self._put(index, part)))
        # What has failed is told before more of the body is read.
        while self._running and self._running[0].done():
            self._done.append(self._running.popleft().result())

    def results(self) -> list[Sent]:
        while self._running:
            self._done.append(self._running.popleft().result())
        return self._done

    def settle(self) -> None:
        """Wait until nothing runs; what else has failed is the same failure, or follows from it."""
        for future in self._running:
            if not future.cancel():
                future.exception()


def _run(work: Callable[[], Sent]) -> Future[Sent]:
    future: Future[Sent] = Future()
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
        future.set_exception(error)
    return future
