"""Repair of differences between the sides, by copying objects in the background."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread
from time import monotonic
from typing import Final

from entrepot_contract import AlreadyExists, IntegrityError, NotFound, StorageDriver, StorageError, WriteMode
from entrepot_storage_layers.mirror.listing import differing

__all__ = ["Repairs"]

_log = logging.getLogger("entrepot.storage.mirror")

RETRY: Final = 30.0
"""Seconds after which a failed repair is retried."""

PATIENCE: Final = 60.0
"""Seconds that a difference must persist, because it may be an unfinished write, move or delete."""

MAX_WANTED: Final = 100_000
"""Maximum number of pending repairs; other differences are found by the next comparison."""

SMALL: Final = 4 * 2**20
"""Up to this size in bytes, an object is copied with one CREATE, so that a copy never replaces a newer object."""

ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Repair:
    """A copy of an object: source, target, earliest time, and whether to replace an existing object."""

    source: StorageDriver
    target: StorageDriver
    due: float
    replace: bool


class Repairs:
    """The objects that are known to differ, and a thread that copies them and compares the sides periodically."""

    def __init__(self, driver: str, first: StorageDriver, second: StorageDriver, compare: float) -> None:
        self._driver, self._first, self._second = driver, first, second
        self._every = compare
        self._patience = min(PATIENCE, compare) if compare else PATIENCE
        self._changed = Condition()
        self._wanted: dict[str, Repair] = {}
        self._compare_at = float("inf")
        self._closed = False
        self._thread: Thread | None = None

    def begin(self) -> None:
        """Start the thread if it has something to do; cheap if it is already running."""
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._changed:
            if self._thread is not None or self._closed or not (self._every or self._wanted):
                return
            if self._every:
                self._compare_at = monotonic() + self._patience
            self._thread = Thread(target=self._work, name="mirror-repairs", daemon=True)
            self._thread.start()

    def note(
        self, key: str, source: StorageDriver, target: StorageDriver, *, replace: bool = False, wait: float = 0
    ) -> None:
        """Schedule a copy of an object that ``target`` does not have, or with ``replace``, has in an older version."""
        due = monotonic() + wait
        with self._changed:
            known = self._wanted.get(key)
            if self._closed or (known is None and len(self._wanted) >= MAX_WANTED):
                return
            if known is None:
                # Only the first is logged as a warning: there may be a hundred thousand after a folder was lost.
                level = logging.DEBUG if self._wanted else logging.WARNING
                _log.log(level, "object missing or different, will be copied side=%s key=%s", self._place(target), key)
            elif known.target is target:
                # Not postponed if found again: comparisons may be more frequent than differences must persist.
                due, replace = min(due, known.due), replace or known.replace
            self._wanted[key] = Repair(source, target, due, replace)
            self._changed.notify_all()
        self.begin()

    def pending(self) -> int:
        """Return the number of objects that are known to differ."""
        with self._changed:
            return len(self._wanted)

    def close(self) -> None:
        """Stop the thread after the current copy. Idempotent."""
        with self._changed:
            self._closed = True
            thread, self._thread = self._thread, None
            self._changed.notify_all()
        if thread is not None:
            thread.join()

    def copy(self, key: str, source: StorageDriver, target: StorageDriver, *, replace: bool) -> None:
        """Copy one object; if it is deleted from ``source`` meanwhile, it is also deleted from ``target``.

        Raises NotFound if it does not exist, and the error of a side that fails.
        """
        for _ in range(ATTEMPTS):
            before = source.stat(key)
            if not replace and before.size <= SMALL and target.capabilities.create:
                with source.read(key) as reader:
                    data = b"".join(reader)
                self._check(key, len(data), reader.info.size)
                with suppress(AlreadyExists):
                    target.put(key, data, mode=WriteMode.CREATE)
            else:
                self._upload(key, source, target)
            try:
                after = source.stat(key)
            except NotFound:
                target.delete([key])
                raise
            if not replace or after == before:
                return
        raise self._unfinished(key, "the object is being replaced continuously; the copy is retried later")

    def _upload(self, key: str, source: StorageDriver, target: StorageDriver) -> None:
        with source.read(key) as reader:
            state = target.upload_start(key)
            try:
                state = target.upload_append(state, reader)
                self._check(key, state.size, reader.info.size)
                target.upload_commit(state)
            except StorageError:
                target.upload_abort(state)
                raise

    def _check(self, key: str, came: int, promised: int) -> None:
        if came != promised:
            raise self._unfinished(key, f"received {came} of {promised} bytes; the copy is retried later")

    def _unfinished(self, key: str, message: str) -> IntegrityError:
        return IntegrityError(message, driver=self._driver, operation="repair", key=key)

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task()

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next task and return it, or None at the end."""
        with self._changed:
            while not self._closed:
                now = monotonic()
                due = [(key, repair) for key, repair in self._wanted.items() if repair.due <= now]
                if due:
                    return lambda: self._repair(due)
                if self._compare_at <= now:
                    self._compare_at = now + self._every
                    return self._compare
                soonest = min((repair.due for repair in self._wanted.values()), default=self._compare_at)
                pause = min(soonest, self._compare_at) - now
                self._changed.wait(None if pause == float("inf") else pause)
            return None

    def _compare(self) -> None:
        try:
            for key, first_has in differing(self._first.list_objects(), self._second.list_objects()):
                if self._closed:
                    return
                sides = (self._first, self._second) if first_has else (self._second, self._first)
                self.note(key, *sides, wait=self._patience)
        except StorageError as error:
            _log.warning("comparison of the sides failed, will retry: %s", error)
            self._compare_at = monotonic() + min(RETRY, self._every)

    def _repair(self, due: list[tuple[str, Repair]]) -> None:
        failed = False
        for key, repair in due:
            if self._closed:
                return
            tried, done = not failed, not failed and self._settled(key, repair)
            failed = failed or not done
            with self._changed:
                if self._wanted.get(key) is not repair:
                    continue
                if tried:
                    # A failed repair is moved to the end: the object may be the problem, not the side.
                    del self._wanted[key]
                if not done:
                    self._wanted[key] = dataclasses.replace(repair, due=monotonic() + RETRY)

    def _settled(self, key: str, repair: Repair) -> bool:
        try:
            replace = repair.replace or self._is_another(key, repair)
            if replace or _size(repair.target, key) is None:
                self.copy(key, repair.source, repair.target, replace=replace)
        except NotFound:
            return True
        except StorageError as error:
            _log.warning("copy failed key=%s side=%s: %s", key, self._place(repair.target), error)
            return False
        return True

    def _place(self, side: StorageDriver) -> str:
        return "first" if side is self._first else "second"

    def _is_another(self, key: str, repair: Repair) -> bool:
        """Return whether the second side has a different object than the first, which takes precedence."""
        if repair.target is not self._second:
            return False
        sizes = [_size(side, key) for side in (self._first, self._second)]
        return None not in sizes and sizes[0] != sizes[1]


def _size(driver: StorageDriver, key: str) -> int | None:
    try:
        return driver.stat(key).size
    except NotFound:
        return None
