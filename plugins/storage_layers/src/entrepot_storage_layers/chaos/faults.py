"""Which call has which fault, and what the fault does."""

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
from entrepot_storage_layers.chaos.options import ErrorName, Fault, Verb
from entrepot_storage_layers.stamping import Stamped

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
    """The faults of one driver: the number of a call among those of its verb decides, and the seed."""

    def __init__(self, seed: int, faults: Mapping[Verb, Fault | list[Fault]]) -> None:
        self._lock = Lock()
        self._always = {verb: fault for verb, fault in faults.items() if isinstance(fault, Fault)}
        self._scripts = {verb: iter(fault) for verb, fault in faults.items() if not isinstance(fault, Fault)}
        self._chance = {verb: random.Random(f"{seed}/{verb}") for verb in faults}  # noqa: S311 - no secret

    def next(self, verb: Verb) -> Fault:
        """The fault of the next call of a verb."""
        if verb not in self._chance:
            return _NONE
        with self._lock:
            fault = self._always[verb] if verb in self._always else next(self._scripts[verb], _NONE)
            return fault if self._chance[verb].random() < fault.probability else _NONE

    def begin(self, verb: Verb, stamp: Stamped) -> Fault:
        """The fault of the next call, after its latency.

        Raises its error where it comes before the call.
        """
        fault = self.next(verb)
        if fault.latency:
            time.sleep(fault.latency)
        if fault.error is not None and fault.when == "before" and fault.torn is None:
            raise error_of(fault, stamp)
        return fault

    @staticmethod
    def end(fault: Fault, stamp: Stamped) -> None:
        """Raise the fault's error where it comes after the call."""
        if fault.error is not None and fault.when == "after" and fault.torn is None:
            raise error_of(fault, stamp)


def error_of(fault: Fault, stamp: Stamped) -> StorageError:
    """The error of a fault."""
    return stamp.failure(_ERRORS[fault.error or "unavailable"], "a fault that was asked for by the option 'faults'")


def cut_body(data: Chunks, fault: Fault, stamp: Stamped) -> Chunks:
    """A body, torn where the fault says so."""
    return data if fault.torn is None else _torn(data, fault.torn, fault, stamp)


def cut_items(items: Iterator[ObjectInfo | Prefix], fault: Fault, stamp: Stamped) -> Iterator[ObjectInfo | Prefix]:
    """A listing, torn where the fault says so."""
    yield from items if fault.torn is None else islice(items, fault.torn)
    if fault.torn is not None:
        raise error_of(fault, stamp)


def spoilt(chunks: Iterator[bytes], fault: Fault, stamp: Stamped) -> Iterator[bytes]:
    """What a read gives: torn, cut, or with a flipped bit."""
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
