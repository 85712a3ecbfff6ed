"""Files that are reloaded when they change, without a restart."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["FreshFiles"]

Value = TypeVar("Value")
_Signature = tuple[tuple[int, int, int] | None, ...]

_log = logging.getLogger(__name__)


class FreshFiles(Generic[Value]):
    """A value that is parsed from files, and parsed again when one of them has changed.

    - The files are checked at most once every ``seconds``.
    - If a file can no longer be read or parsed, the previous value stays in use, and the error is logged once.

    The constructor parses for the first time and does not catch exceptions. ``parse`` receives the content of each
    file; later it may raise only OSError or ValueError, with no secret in the message.
    """

    def __init__(
        self, paths: Sequence[str], parse: Callable[[Sequence[bytes]], Value], *, seconds: float = 1.0
    ) -> None:
        self._paths = tuple(paths)
        self._parse = parse
        self._seconds = seconds
        self._lock = threading.Lock()
        self._signature = self._stat()
        self._value = self._read()
        self._checked = time.monotonic()

    def value(self) -> Value:
        """Return the value parsed from the current content of the files."""
        if time.monotonic() - self._checked >= self._seconds:
            self.refresh()
        return self._value

    def refresh(self) -> bool:
        """Check the files now, regardless of the interval; return whether a new value was loaded."""
        with self._lock:
            self._checked = time.monotonic()
            signature = self._stat()
            if signature == self._signature:
                return False
            self._signature = signature
            try:
                self._value = self._read()
            except (OSError, ValueError) as error:
                names = ", ".join(self._paths)
                reason = error.strerror if isinstance(error, OSError) else error
                _log.error("reload failed, keeping previous content of %s: %s", names, reason)
                return False
            _log.info("reloaded %s", ", ".join(self._paths))
            return True

    def _stat(self) -> _Signature:
        return tuple(_sign(path) for path in self._paths)

    def _read(self) -> Value:
        contents = []
        for path in self._paths:
            with open(path, "rb") as file:
                contents.append(file.read())
        return self._parse(contents)


def _sign(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
