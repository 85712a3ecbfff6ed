"""Concurrent append of one body to two drivers, which may be a few chunks apart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from queue import Full, Queue
from threading import Event, Thread
from typing import Final

from entrepot_contract import Chunks, StorageDriver, UploadState

__all__ = ["append_both"]

AHEAD: Final = 4
"""Number of chunks that the first driver may be ahead of the second."""

TOGETHER: Final = 2**20
"""Up to this number of bytes, the appends are done one after the other, because a thread would take longer."""


class _BrokenOffError(Exception):
    """The other driver's append ended early, so this one need not continue."""


class _Second:
    """The append of the second driver, in a separate thread."""

    def __init__(self, driver: StorageDriver, state: UploadState) -> None:
        self._driver, self._state = driver, state
        self._pipe: Queue[bytes | None] = Queue(AHEAD)
        self._ended = Event()
        self._whole = False
        self._after: UploadState | None = None
        self.error: BaseException | None = None
        self._thread = Thread(target=self._append, name="mirror-append")
        self._thread.start()

    def give(self, chunk: bytes | None) -> None:
        """Pass on a chunk, or None at the end.

        Raises _BrokenOffError if the driver's append has ended.
        """
        while not self._ended.is_set():
            try:
                self._pipe.put(chunk, timeout=0.05)
            except Full:
                continue
            return
        raise _BrokenOffError

    def result(self) -> UploadState:
        """Return the new state.

        Raises the exception of the append.
        """
        self._whole = True
        try:
            self.give(None)
        except _BrokenOffError:
            self._whole = False
        self._thread.join()
        if self._after is None:
            raise self.error or _BrokenOffError
        return self._after

    def stop(self) -> None:
        """Make the append fail, and wait for its end."""
        try:
            self.give(None)
        except _BrokenOffError:
            pass  # it has ended by itself
        finally:
            self._thread.join()

    def _append(self) -> None:
        try:
            self._after = self._driver.upload_append(self._state, self._chunks())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self.error = error
        finally:
            self._ended.set()

    def _chunks(self) -> Iterator[bytes]:
        while (chunk := self._pipe.get()) is not None:
            yield chunk
        if not self._whole:
            raise _BrokenOffError


def append_both(
    drivers: tuple[StorageDriver, StorageDriver], states: tuple[UploadState, UploadState], data: Chunks
) -> tuple[UploadState, UploadState]:
    """Append to both, and return both new states.

    Raises the exception of the first driver or of ``data``, or else of the second; both older states stay usable.
    """
    chunks = iter(data)
    head = bytearray()
    for chunk in chunks:
        head += chunk
        if len(head) > TOGETHER:
            break
    else:
        return drivers[0].upload_append(states[0], [head]), drivers[1].upload_append(states[1], [head])
    second = _Second(drivers[1], states[1])

    def feed() -> Iterator[bytes]:
        for chunk in chain([head], chunks):
            whole = bytes(chunk)
            second.give(whole)
            yield whole

    try:
        after = drivers[0].upload_append(states[0], feed())
    except _BrokenOffError:
        second.stop()
        if second.error is None:
            raise
        raise second.error from None
    except BaseException:
        second.stop()
        raise
    return after, second.result()
