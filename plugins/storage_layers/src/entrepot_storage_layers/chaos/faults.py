"""Selection of the fault of a call, and injection of faults."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from threading import Lock
from typing import Final

from entrepot_contract import (
    Chunks,
    Denied,
    IntegrityError,
    NoSpace,
    NotFound,
    ObjectInfo,
    Prefix,
    StorageError,
    Throttled,
    Unavailable,
)
from entrepot_contract.toolkit.stamping import Stamped
from entrepot_storage_layers.chaos.options import ErrorName, Fault, Verb

__all__ = ["Faults", "cut_body", "cut_items", "spoilt"]

_ERRORS: Final[Mapping[ErrorName, type[StorageError]]] = {
    "unavailable": Unavailable,
    "throttled": Throttled,
    "denied": Denied,
    "no_space": NoSpace,
    "not_found": NotFound,
    "integrity": IntegrityError,
}

_NONE: Final = Fault(probability=0.0)


class Faults:
    """The faults of one driver; determined by the seed, and by the number of a call among those of its method."""

    def __init__(self, seed: int, faults: Mapping[Verb, Fault | list[Fault]]) -> None:
        self._lock = Lock()
        self._always = {verb: fault for verb, fault in faults.items() if isinstance(fault, Fault)}
        self._scripts = {verb: iter(fault) for verb, fault in faults.items() if not isinstance(fault, Fault)}
        self._chance = {verb: random.Random(f"{seed}/{verb}") for verb in faults}  # noqa: S311 - not for security

    def next(self, verb: Verb) -> Fault:
        """Return the fault of the next call of a method."""
        if verb not in self._chance:
            return _NONE
        with self._lock:
            fault = self._always[verb] if verb in self._always else next(self._scripts[verb], _NONE)
            return fault if self._chance[verb].random() < fault.probability else _NONE

    def begin(self, verb: Verb, stamp: Stamped) -> Fault:
        """Return the fault of the next call, after waiting for its latency.

        Raises the fault's error if it is to be raised before the call.
        """
        fault = self.next(verb)
        if fault.latency:
            time.sleep(fault.latency)
        if fault.error is not None and fault.when == "before" and fault.torn is None:
            raise error_of(fault, stamp)
        return fault

    @staticmethod
    def end(fault: Fault, stamp: Stamped) -> None:
        """Raise the fault's error if it is to be raised after the call."""
        if fault.error is not None and fault.when == "after" and fault.torn is None:
            raise error_of(fault, stamp)


def error_of(fault: Fault, stamp: Stamped) -> StorageError:
    """Return the error of a fault."""
    return stamp.failure(_ERRORS[fault.error or "unavailable"], "fault injected by the option 'faults'")


def cut_body(data: Chunks, fault: Fault, stamp: Stamped) -> Chunks:
    """Return a body, interrupted if the fault requires it."""
    return data if fault.torn is None else _torn(data, fault.torn, fault, stamp)


def cut_items(items: Iterator[ObjectInfo | Prefix], fault: Fault, stamp: Stamped) -> Iterator[ObjectInfo | Prefix]:
    """Yield a listing, interrupted if the fault requires it."""
    yield from items if fault.torn is None else islice(items, fault.torn)
    if fault.torn is not None:
        raise error_of(fault, stamp)


def spoilt(chunks: Iterator[bytes], fault: Fault, stamp: Stamped) -> Iterator[bytes]:
    """Return the chunks of a read: interrupted, truncated, or with a flipped bit."""
    if fault.flipped is not None:
        chunks = _flipped(chunks, fault.flipped)
    if fault.cut is not None:
        chunks = (bytes(chunk) for chunk in _first(chunks, fault.cut))
    if fault.torn is not None:
        chunks = (bytes(chunk) for chunk in _torn(chunks, fault.torn, fault, stamp))
    return chunks


def _first(chunks: Chunks, size: int) -> Iterator[bytes | memoryview]:
    for chunk in chunks:
        part = memoryview(chunk)[:size]
        size -= len(part)
        if part:
            yield part
        if not size:
            return


def _torn(chunks: Chunks, size: int, fault: Fault, stamp: Stamped) -> Iterator[bytes | memoryview]:
    yield from _first(chunks, size) if size else ()
    raise error_of(fault, stamp)


def _flipped(chunks: Iterator[bytes], place: int) -> Iterator[bytes]:
    for chunk in chunks:
        if 0 <= place < len(chunk):
            spoiled = bytearray(chunk)
            spoiled[place] ^= 1
            yield bytes(spoiled)
        else:
            yield chunk
        place -= len(chunk)
