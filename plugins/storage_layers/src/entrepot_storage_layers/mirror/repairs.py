"""Copies of what one side lacks, made from the other in the background."""

from __future__ import annotations

import logging
from threading import Condition, Event, Thread
from typing import Final

from entrepot_contract import IntegrityError, NotFound, StorageDriver, StorageError

__all__ = ["Repairs"]

_log = logging.getLogger("entrepot.storage.mirror")

RETRY: Final = 30.0
"""Seconds after which a repair that has failed is tried again."""

MOST: Final = 100_000
"""So many keys are remembered; what else is missing is found again by the next read or listing of it."""


class Repairs:
    """The keys that one side lacks, and a thread that copies them while there are any."""

    def __init__(self, driver: str) -> None:
        self._driver = driver
        self._changed = Condition()
        self._wanted: dict[tuple[str, bool], tuple[StorageDriver, StorageDriver]] = {}
        self._fresh = False
        self._closed = Event()
        self._thread: Thread | None = None

    def note(self, key: str, source: StorageDriver, target: StorageDriver, *, replace: bool = False) -> None:
        """Have an object copied that ``target`` lacks, or with ``replace`` has of an older content."""
        with self._changed:
            if self._closed.is_set() or len(self._wanted) >= MOST:
                return
            if (key, replace) not in self._wanted:
                _log.warning("%s lacks %s, which is copied from %s", target.name, key, source.name)
            self._wanted[key, replace] = (source, target)
            self._fresh = True
            if self._thread is None:
                self._thread = Thread(target=self._work, name="mirror-repairs", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def pending(self) -> int:
        """How many objects are known to be on one side only."""
        with self._changed:
            return len(self._wanted)

    def close(self) -> None:
        """End the thread, once the copy under way is made; again is harmless."""
        with self._changed:
            self._closed.set()
            thread, self._thread = self._thread, None
            self._changed.notify_all()
        if thread is not None:
            thread.join()

    def copy(self, key: str, source: StorageDriver, target: StorageDriver) -> None:
        """Copy one object; what was deleted from ``source`` meanwhile is deleted from ``target`` too.

        Raises NotFound where there is none, and the error of the side that fails.
        """
        with source.read(key) as reader:
            state = target.upload_start(key)
            try:
                state = target.upload_append(state, reader)
                if state.size != reader.info.size:
                    message = f"{state.size} of {reader.info.size} bytes came; it is copied again"
                    raise IntegrityError(message, driver=self._driver, operation="repair", key=key)
                target.upload_commit(state)
            except StorageError:
                target.upload_abort(state)
                raise
        try:
            source.stat(key)
        except NotFound:
            target.delete([key])
            raise

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._fresh and not self._closed.is_set():
                    self._changed.wait(RETRY if self._wanted else None)
                if self._closed.is_set():
                    return
                self._fresh = False
                wanted = list(self._wanted.items())
            for (key, replace), (source, target) in wanted:
                if self._closed.is_set():
                    return
                if self._settled(key, source, target, replace=replace):
                    with self._changed:
                        self._wanted.pop((key, replace), None)

    def _settled(self, key: str, source: StorageDriver, target: StorageDriver, *, replace: bool) -> bool:
        try:
            if replace or _lacks(target, key):
                self.copy(key, source, target)
        except NotFound:
            return True
        except StorageError as error:
            _log.warning("%s could not be copied from %s to %s: %s", key, source.name, target.name, error)
            return False
        return True


def _lacks(driver: StorageDriver, key: str) -> bool:
    try:
        driver.stat(key)
    except NotFound:
        return True
    return False
