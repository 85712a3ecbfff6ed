"""Events on their way to the outbox: lines in a file of each process, where one write and one sync keep many."""

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

from entrepot.notify.outbox import dump_event
from entrepot_contract.events import Event

__all__ = ["FOLDER", "Journal"]

FOLDER: Final = "journal"

_FILE_BYTES: Final = 8 * 2**20
_MOST_BYTES: Final = 2**30
"""What the files of all processes may hold; of a sixteenth of it on, pulls are left out."""

_MOST_IN_MEMORY: Final = 16 * 2**20
_OVERHEAD: Final = 256
"""Bytes: of pulls that wait to be written, and of events that cannot be; and what one takes beside its JSON, about."""

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
    """Whether it waits in memory while it cannot be written; else its writer is told so."""
    done: bool = False
    error: OSError | MemoryError | None = None

    @property
    def weight(self) -> int:
        """Bytes of memory, about."""
        return len(self.data) + _OVERHEAD


class Journal:
    """Keeps events for many threads; those that come while one writes are written together by the next.

    Without ``references`` it leaves out what manifests hold. All ways to keep an event raise ValueError where it cannot
    be written as JSON: that concerns this event alone, so it is found out before the event is among others.
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
        """Keep an event soon; when the process is killed within 0.2 s, or too many of them wait, it is lost."""
        line = self._line(event, durable=False, held=True)
        with self._counting:
            if fits := self._pulls + line.weight <= _MOST_IN_MEMORY:
                self._pulls += line.weight
        if fits:
            self._waiting.append(line)
        else:
            self._lose(line, "")

    def record(self, event: Event) -> None:
        """Keep an event, which survives the loss of power when this returns.

        Raises OSError or MemoryError where it could not be written; it is not kept then.
        """
        line = self._line(event, durable=True, held=False)
        self._write_now(line)
        if line.error is not None:
            raise line.error

    def record_or_hold(self, event: Event) -> None:
        """Keep an event as ``record`` does; one that cannot be written is held in memory, and written later."""
        self._write_now(self._line(event, durable=True, held=True))

    def _write_now(self, line: _Line) -> None:
        self._waiting.append(line)
        with self._writing:
            if not line.done:
                self._flush()

    @property
    def unsaved(self) -> int:
        """How many events are in memory alone, because the disk fails."""
        return len(self._unsaved)

    @property
    def failure(self) -> OSError | MemoryError | None:
        """Why nothing can be written, since the last try."""
        return self._failure

    def close(self) -> None:
        """Write what was taken; what cannot be written is told in the log."""
        self._stop.set()
        self._thread.join()
        with self._writing:
            self._retry_at = 0.0
            self._flush()
            while self._unsaved:
                self._lose(self._unsaved.popleft(), "the registry ends, and its disk fails")
            self._end_file()

    def _run(self) -> None:
        while not self._stop.wait(_FLUSH_SECONDS):
            with self._writing:
                try:
                    self._flush()
                except Exception:  # noqa: BLE001 - the events after this one have no other thread that writes them
                    _log.exception("the journal of the notifications failed; it goes on")

    def _flush(self) -> None:
        # Only as many as there are now: others append meanwhile.
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
                _log.error("outbox not writable: error=%s held=%d; pushes are refused", error, len(self._unsaved))
                self._logged = now
            self._retry_at, self._failure = now + _RETRY_SECONDS, error
            self._end_file()
            self._hold(kept, error)
            return
        self._failure = None
        if self._unsaved:
            _log.warning("outbox writable: written=%d of the events that were held in memory", len(self._unsaved))
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
            # What was not answered for must not be told twice by two files, as far as that can be had.
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)

    def _begin_file(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = self._folder / f"{time.time_ns():020}-{os.getpid()}"
        # Named only when it is locked: the notifier removes what it has read and nobody writes.
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
        if self._held > _MOST_BYTES:
            full = OSError(errno.ENOSPC, f"{self._held} bytes of events wait for the notifier already")
            for line in lines:
                if line.held:
                    self._lose(line, str(full.strerror))
                else:
                    line.error = full
            return []
        if self._held > _MOST_BYTES // 16:
            kept = [line for line in lines if line.durable]
            self.lost += len(lines) - len(kept)
            return kept
        return lines

    def _hold(self, lines: list[_Line], error: OSError | MemoryError) -> None:
        for line in lines:
            if not line.held:
                line.error = error
            elif self._unsaved_bytes + line.weight <= _MOST_IN_MEMORY:
                self._unsaved.append(line)
                self._unsaved_bytes += line.weight
            else:
                self._lose(line, "its disk fails, and memory holds enough")

    def _lose(self, line: _Line, why: str) -> None:
        self.lost += 1
        if line.durable:  # pulls are counted alone: there is one for each request
            _log.critical("an event is told nobody, because %s: %s", why, line.data.decode())

    def _line(self, event: Event, *, durable: bool, held: bool) -> _Line:
        return _Line(dump_event(event, self._left_out), durable, held)


def _bytes_in(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except OSError:  # not made yet, or a file was just removed; what is worse, the write that follows will tell
        return 0
