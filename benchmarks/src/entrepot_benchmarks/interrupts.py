"""Handling of Ctrl-C and SIGTERM: they stop a run, but not the removal of the pushed data."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

__all__ = ["interruptible", "uninterrupted"]

ENDING: Final = b"\nentrepot bench: already stopping, removing the pushed data\n"
AFTERWARDS: Final = b"\nentrepot bench: stopping after the current step; press Ctrl-C again to abort it\n"


@dataclass(slots=True)
class _State:
    owner: int = 0
    held: int = 0
    breakable: bool = False
    pending: bool = False
    raised: bool = False


_state = _State()


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt for the first SIGINT or SIGTERM in the block; later ones only print a message."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    _state.owner, _state.held, _state.pending, _state.raised = os.getpid(), 0, False, False
    before = {number: signal.signal(number, _handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted(*, breakable: bool = False) -> Iterator[None]:
    """Defer an interrupt to the end of the block. For the main thread, within ``interruptible``.

    A second interrupt is not deferred if the block is ``breakable``.
    """
    outer, _state.breakable = _state.breakable, breakable
    _state.held += 1
    try:
        yield
    finally:
        _state.held -= 1
        _state.breakable = outer
    if _state.pending and not _state.held:
        _raise()


def _handle(_number: int, _frame: object) -> None:
    if os.getpid() != _state.owner:
        return  # a client process, which the parent stops
    if _state.raised:
        os.write(2, ENDING)  # buffered files must not be used in a signal handler
    elif _state.held and not (_state.breakable and _state.pending):
        _state.pending = True
        os.write(2, AFTERWARDS if _state.breakable else ENDING)
    else:
        _raise()


def _raise() -> None:
    _state.pending, _state.raised = False, True
    raise KeyboardInterrupt
