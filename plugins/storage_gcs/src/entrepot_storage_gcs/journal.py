"""The journal of an upload: small objects, each written once, that determine which appends are valid.

- ``start`` exists as long as the upload.
- ``00000001``, ``00000002``... are the appends in order, each with its own nonce and that of the previous append: an
  append from an older state overwrites one of them, so that later ones refer to an append that no longer exists.
- ``end`` contains the state that is committed, so that no other state can be committed or appended to.

A single object would suffice, but Cloud Storage throttles more than one write per second to the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from entrepot_contract import UploadConflict, UploadUnknown
from entrepot_storage_gcs.failures import Call
from entrepot_storage_gcs.objects import Objects

__all__ = ["Journal", "unknown"]

START: Final = "start"
END: Final = "end"


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a journal; ``parent`` is the nonce of the previous append."""

    generation: int
    nonce: str
    parent: str


class Entries:
    """The content of a journal."""

    def __init__(self, found: Mapping[str, Entry]) -> None:
        self._found = found

    @property
    def ended(self) -> bool:
        return END in self._found

    def require(self, call: Call, depth: int, nonce: str) -> None:
        """Raise UploadUnknown if the upload has ended with another state, UploadConflict if a state is overtaken."""
        if START not in self._found or (self.ended and self._found[END].nonce != nonce):
            raise unknown(call)
        for number in range(depth, 0, -1):
            entry = self.append(number)
            if entry is None or entry.nonce != nonce:
                raise conflict(call)
            nonce = entry.parent

    def append(self, depth: int) -> Entry | None:
        return self._found.get(_name(depth))


class Journal:
    """The journal of one upload, below ``folder``."""

    def __init__(self, objects: Objects, folder: str) -> None:
        self._objects = objects
        self._folder = folder

    def begin(self, call: Call) -> None:
        self._objects.insert(call, f"{self._folder}{START}", b"")

    def read(self, call: Call) -> Entries:
        found: dict[str, Entry] = {}
        for items, _ in self._objects.pages(call, self._folder, fields="name,generation,metadata"):
            for item in items:
                metadata = item.get("metadata") or {}
                entry = Entry(int(item["generation"]), metadata.get("nonce", ""), metadata.get("parent", ""))
                found[item["name"].removeprefix(self._folder)] = entry
        return Entries(found)

    def check(self, call: Call, depth: int, nonce: str) -> None:
        """Raise UploadUnknown or UploadConflict if nothing can be appended to a state."""
        entries = self.read(call)
        if entries.ended:
            raise unknown(call)
        entries.require(call, depth, nonce)

    def enter(self, call: Call, depth: int, parent: str, nonce: str) -> None:
        """Record an append as the last one, replacing any other append to the same state.

        Raises UploadUnknown, and leaves nothing, if the upload was ended before that.
        """
        generation = 0
        for _ in range(5):
            if self._write(call, _name(depth), generation, nonce=nonce, parent=parent):
                if self._objects.exists(call, f"{self._folder}{START}"):
                    return
                self._objects.delete(call, f"{self._folder}{_name(depth)}")
                raise unknown(call)
            entries = self.read(call)
            entries.require(call, depth - 1, parent)
            there = entries.append(depth)
            # A request that is retried after its response was lost finds its own entry.
            if there is not None and there.nonce == nonce:
                return
            generation = there.generation if there is not None else 0
        raise conflict(call)

    def seal(self, call: Call, depth: int, nonce: str) -> None:
        """Record this state as the only one that can be committed. Idempotent."""
        self.read(call).require(call, depth, nonce)
        self._write(call, END, 0, nonce=nonce)
        # Another state may have been sealed first, and even committed and cleaned up since the first check.
        self.read(call).require(call, 0, nonce)

    def end(self, call: Call) -> None:
        """Make the upload unknown from now on."""
        self._objects.delete(call, f"{self._folder}{START}")

    def _write(self, call: Call, name: str, generation: int, **metadata: str) -> bool:
        name = f"{self._folder}{name}"
        return self._objects.insert(call, name, b"", metadata=metadata, generation=generation) is not None


def _name(depth: int) -> str:
    return f"{depth:08}"


def unknown(call: Call) -> UploadUnknown:
    return call.failure(UploadUnknown, "the upload was committed, was aborted, was lost or never existed; start again")


def conflict(call: Call) -> UploadConflict:
    return call.failure(UploadConflict, "another append was made from an earlier state; query the upload's state")
