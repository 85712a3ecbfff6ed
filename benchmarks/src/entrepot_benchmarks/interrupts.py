"""Ctrl-C and SIGTERM: they end a run once, and never the removal of what it has pushed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

__all__ = ["interruptible", "uninterrupted"]

ENDING: Final = b"\nentrepot bench: it ends already, when what was pushed is removed\n"
AFTERWARDS: Final = b"\nentrepot bench: it ends when what it is at is done; Ctrl-C once more breaks that off\n"


@dataclass(slots=True)
class _State:
    owner: int = 0
    held: int = 0
    breakable: bool = False
    waits: bool = False
    raised: bool = False


_state = _State()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let the first SIGINT or SIGTERM of the block raise KeyboardInterrupt; to later ones it is told that it ends."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    _state.owner, _state.held, _state.waits, _state.raised = os.getpid(), 0, False, False
    before = {number: signal.signal(number, _handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted(*, breakable: bool = False) -> Iterator[None]:
    """In the main thread, within ``interruptible``: let an interrupt wait for the end of the block.

    A second one does not wait where the block is ``breakable``.
    """
    outer, _state.breakable = _state.breakable, breakable
    _state.held += 1
    try:
        yield
    finally:
        _state.held -= 1
        _state.breakable = outer
    if _state.waits and not _state.held:
        _raise()


def _handle(_number: int, _frame: object) -> None:
    if os.getpid() != _state.owner:
        return  # a client, which the parent ends
    if _state.raised:
        os.write(2, ENDING)  # no buffered file may be used in here
    elif _state.held and not (_state.breakable and _state.waits):
        _state.waits = True
        os.write(2, AFTERWARDS if _state.breakable else ENDING)
    else:
        _raise()


def _raise() -> None:
    _state.waits, _state.raised = False, True
    raise KeyboardInterrupt
