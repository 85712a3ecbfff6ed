"""Files that are read again when they change, without a restart."""

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
    """What was parsed from files, and is parsed again when one of them has changed.

    - Files are looked at once in ``seconds`` at the most.
    - Where a file cannot be read or parsed any more, what it held before stays, and the log says so once.

    The first parsing is the constructor's, and what it raises passes through. ``parse`` gets the content of each file,
    and its later failures have to be OSError or ValueError, with nothing secret in their messages.
    """

    def __init__(
        self, paths: Sequence[str], parse: Callable[[Sequence[bytes]], Value], *, seconds: float = 1.0
    ) -> None:
        self._paths = tuple(paths)
        self._parse = parse
        self._seconds = seconds
        self._lock = threading.Lock()
        self._signature = self._look()
        self._value = self._read()
        self._looked = time.monotonic()

    def value(self) -> Value:
        """What the files hold now."""
        if time.monotonic() - self._looked >= self._seconds:
            self.refresh()
        return self._value

    def refresh(self) -> bool:
        """Look at the files now, whenever they were looked at last; whether what they hold is new."""
        with self._lock:
            self._looked = time.monotonic()
            signature = self._look()
            if signature == self._signature:
                return False
            self._signature = signature
            try:
                self._value = self._read()
            except (OSError, ValueError) as error:
                names = ", ".join(self._paths)
                reason = error.strerror if isinstance(error, OSError) else error
                _log.error("%s changed and cannot be used; what was there before stays: %s", names, reason)
                return False
            _log.info("%s changed and was read again", ", ".join(self._paths))
            return True

    def _look(self) -> _Signature:
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
