"""A journal per process that buffers events on their way to the outbox; one write and one sync serve many events."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from entrepot.notify.model import dump_event
from entrepot_contract.events import Event

__all__ = ["FOLDER", "Journal"]

FOLDER: Final = "journal"

_FILE_BYTES: Final = 8 * 2**20
_MAX_BYTES: Final = 2**30
"""Maximum size of the journal files of all processes; from a sixteenth of it on, pulls are dropped."""

_MAX_IN_MEMORY: Final = 16 * 2**20
_OVERHEAD: Final = 256
"""Bytes of buffered pulls and of events that could not be written; and the estimated overhead of an event."""

_FLUSH_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 1.0
_LOG_SECONDS: Final = 60.0

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Line:
    data: bytes
    durable: bool
    held: bool
    """Whether it is kept in memory if it cannot be written; otherwise the caller gets the error."""
    done: bool = False
    error: OSError | MemoryError | None = None

    @property
    def weight(self) -> int:
        """Approximate size in memory, in bytes."""
        return len(self.data) + _OVERHEAD


class Journal:
    """Stores events from many threads; those that arrive during a write are written together by the next one.

    Without ``references``, the references of manifests are omitted. All methods that store an event raise ValueError
    if it cannot be written as JSON, before it is queued, because that concerns only this event.
    """

    def __init__(self, folder: Path, *, references: bool = True) -> None:
        self._folder = folder / FOLDER
        self._left_out = frozenset[str]() if references else frozenset({"references"})
        self._writing = threading.Lock()
        self._waiting: deque[_Line] = deque()
        self._pulls = 0
        self._counting = threading.Lock()
        self._unsaved: deque[_Line] = deque()
        self._unsaved_bytes = 0
        self._retry_at = self._logged = 0.0
        self._failure: OSError | MemoryError | None = None
        self._file: int | None = None
        self._size = 0
        self._looked = 0.0
        self._held = 0
        self.lost = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def add(self, event: Event) -> None:
        """Store an event soon; it is lost if the process is killed within 0.2 s, or if too many are waiting."""
        line = self._line(event, durable=False, held=True)
        with self._counting:
            if fits := self._pulls + line.weight <= _MAX_IN_MEMORY:
                self._pulls += line.weight
        if fits:
            self._waiting.append(line)
        else:
            self._lose(line, "too many pulls are waiting")

    def record(self, event: Event) -> None:
        """Store an event; it survives a power failure once this returns.

        Raises OSError or MemoryError if it could not be written; it is not stored then.
        """
        line = self._line(event, durable=True, held=False)
        self._write_now(line)
        if line.error is not None:
            raise line.error

    def record_or_hold(self, event: Event) -> None:
        """Store an event like ``record``; one that cannot be written is kept in memory and written later."""
        self._write_now(self._line(event, durable=True, held=True))

    def _write_now(self, line: _Line) -> None:
        self._waiting.append(line)
        with self._writing:
            if not line.done:
                self._flush()

    @property
    def unsaved(self) -> int:
        """Number of events that are only in memory, because the disk fails."""
        return len(self._unsaved)

    @property
    def failure(self) -> OSError | MemoryError | None:
        """The error of the last write, or None if it succeeded."""
        return self._failure

    def close(self) -> None:
        """Write everything; events that cannot be written are logged."""
        self._stop.set()
        self._thread.join()
        with self._writing:
            self._retry_at = 0.0
            self._flush()
            while self._unsaved:
                self._lose(self._unsaved.popleft(), "the disk fails at shutdown")
            self._end_file()

    def _run(self) -> None:
        while not self._stop.wait(_FLUSH_SECONDS):
            with self._writing:
                try:
                    self._flush()
                except Exception:  # noqa: BLE001 - no other thread writes the following events
                    _log.exception("journal flush failed, will retry")

    def _flush(self) -> None:
        # Only as many as there are now: other threads append in the meantime.
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        with self._counting:
            self._pulls -= sum(line.weight for line in lines if not line.durable)
        if lines or self._unsaved:
            self._keep(lines)
        for line in lines:
            line.done = True

    def _keep(self, lines: list[_Line]) -> None:
        now = time.monotonic()
        if self._failure is not None and now < self._retry_at:
            self._hold(lines, self._failure)
            return
        kept = self._within_bounds(lines)
        written = [*self._unsaved, *kept]
        if not written:
            return
        try:
            self._write(written, durable=bool(self._unsaved) or any(line.durable for line in kept))
        except (OSError, MemoryError) as error:
            if now - self._logged > _LOG_SECONDS:
                _log.error("outbox not writable, pushes are rejected: error=%s held=%d", error, len(self._unsaved))
                self._logged = now
            self._retry_at, self._failure = now + _RETRY_SECONDS, error
            self._end_file()
            self._hold(kept, error)
            return
        self._failure = None
        if self._unsaved:
            _log.warning("outbox writable again, held events written: written=%d", len(self._unsaved))
            self._unsaved.clear()
            self._unsaved_bytes = 0

    def _write(self, lines: list[_Line], *, durable: bool) -> None:
        data = b"".join(line.data + b"\n" for line in lines)
        if self._file is None or self._size > _FILE_BYTES:
            self._end_file()
            self._begin_file()
        assert self._file is not None  # noqa: S101 - for mypy
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
            if durable:
                os.fdatasync(self._file)
        except OSError:
            # Avoid, where possible, that an event whose request failed is delivered from two files.
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)

    def _begin_file(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = self._folder / f"{time.time_ns():020}-{os.getpid()}"
        # Renamed only after it is locked: the notifier removes fully read files without a writer.
        part = os.open(f"{name}.part", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._file, self._size = part, 0
        fcntl.flock(part, fcntl.LOCK_EX)
        os.rename(f"{name}.part", f"{name}.jsonl")
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _end_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = None

    def _within_bounds(self, lines: list[_Line]) -> list[_Line]:
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS:
            self._looked, self._held = now, _bytes_in(self._folder)
        if self._held > _MAX_BYTES:
            full = OSError(errno.ENOSPC, f"{self._held} bytes of events are already waiting for the notifier")
            for line in lines:
                if line.held:
                    self._lose(line, str(full.strerror))
                else:
                    line.error = full
            return []
        if self._held > _MAX_BYTES // 16:
            kept = [line for line in lines if line.durable]
            self.lost += len(lines) - len(kept)
            return kept
        return lines

    def _hold(self, lines: list[_Line], error: OSError | MemoryError) -> None:
        for line in lines:
            if not line.held:
                line.error = error
            elif self._unsaved_bytes + line.weight <= _MAX_IN_MEMORY:
                self._unsaved.append(line)
                self._unsaved_bytes += line.weight
            else:
                self._lose(line, "the disk fails and the buffer is full")

    def _lose(self, line: _Line, why: str) -> None:
        self.lost += 1
        if line.durable:  # lost pulls are only counted: there is one per request
            _log.critical("event dropped: reason=%s event=%s", why, line.data.decode())

    def _line(self, event: Event, *, durable: bool, held: bool) -> _Line:
        return _Line(dump_event(event, self._left_out), durable, held)


def _bytes_in(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except OSError:  # not created yet, or a file was just removed; other errors are found by the write that follows
        return 0
