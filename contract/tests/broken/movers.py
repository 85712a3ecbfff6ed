"""Drivers whose moves go wrong beside other objects or other moves."""

from __future__ import annotations

import time
from contextlib import suppress

from contract.tests.broken.moves import Copies
from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import NotFound, ObjectInfo, StorageError


@caught_by("test_move_replaces_targets_of_any_size[small]")
class MoveWritesOverTheTarget(Copies):
    """Writes the source over the beginning of the target, and keeps the rest of it."""

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target:
            return super().move(source, target)
        info = self.stat(source)
        try:
            with self.read(target, offset=min(info.size, self.stat(target).size)) as reader:
                rest = b"".join(reader)
        except NotFound:
            return super().move(source, target)
        with self.read(source) as reader:
            data = b"".join(reader)
        self.delete([source])
        return self.put(target, data + rest)


@caught_by("test_move_replaces_targets_of_any_size[large]")
class MoveKeepsTheSizeOfTheTarget(HonestDriver):
    """Keeps the size column of a larger target."""

    def move(self, source: str, target: str) -> ObjectInfo:
        size = 0
        with suppress(NotFound):
            size = self.stat(target).size
        info = super().move(source, target)
        if info.size > 2**16 and size > 2**16:
            with self.writing() as link:
                link.execute("UPDATE objects SET size = ? WHERE key = ?", [size, target])
                return self.info(link, target, "move")
        return info


@caught_by("test_move_replaces_targets_of_any_size[empty]")
class MoveIgnoresEmptySources(HonestDriver):
    """Leaves the target as it is if the source is empty."""

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target or self.stat(source).size:
            return super().move(source, target)
        with suppress(NotFound):
            info = self.stat(target)
            self.delete([source])
            return info
        return super().move(source, target)


@caught_by("test_move_replaces_targets_of_any_size")
class MoveDescribesTheSource(HonestDriver):
    """Returns the info of the source if the target exists."""

    def move(self, source: str, target: str) -> ObjectInfo:
        before = self.stat(source)
        with suppress(NotFound):
            self.stat(target)
            super().move(source, target)
            return before
        return super().move(source, target)


@caught_by("test_move_goes_back_and_forth")
class MoveLeavesAForwarding(HonestDriver):
    """Keeps a note of the move that hides the source, also when the object has come back."""

    def move(self, source: str, target: str) -> ObjectInfo:
        info = super().move(source, target)
        self.__dict__.setdefault("moved", set()).add(source)
        return info

    def stat(self, key: str) -> ObjectInfo:
        return super().stat(key)

    def info(self, link: object, key: str, operation: str) -> ObjectInfo:
        if operation == "read" and key in self.__dict__.get("moved", set()):
            raise self.fail(NotFound, operation, key)
        return super().info(link, key, operation)  # type: ignore[arg-type]  # passed on


@caught_by("test_moved_objects_are_independent_of_their_source")
class MoveLinks(HonestDriver):
    """Moves by a link from the target to the source's place, which a new object at the source changes."""

    def move(self, source: str, target: str) -> ObjectInfo:
        info = super().move(source, target)
        self.__dict__.setdefault("links", {})[source] = target
        return info

    def put(self, key: str, data: bytes, **how: object) -> ObjectInfo:
        info = super().put(key, data, **how)  # type: ignore[arg-type]  # passed on
        linked = self.__dict__.get("links", {}).get(key)
        if linked is not None and any(item.key == linked for item in self.list_objects()):
            super().put(linked, data)
        return info


@caught_by("test_threads_move_one_source_to_several_targets")
class MoveLosesARace(Copies):
    """Removes the target of a move that another one has overtaken."""

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target:
            return HonestDriver.move(self, source, target)
        info = self.copy(source, target)
        time.sleep(0.005)
        self.delete([source])
        time.sleep(0.005)
        with suppress(NotFound):
            # Verifies that its own deletion of the source was the one that counted.
            with self.writing() as link:
                gone = link.execute("SELECT count(*) FROM objects WHERE key LIKE 'b/%'").fetchone()[0]
            if gone > 1 and source.startswith("a/"):
                self.delete([target])
        return info


@caught_by("test_threads_move_one_source_to_several_targets")
class MoveFailsInARace(Copies):
    """Raises a plain StorageError if the source disappears during the move."""

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target:
            return HonestDriver.move(self, source, target)
        info = self.copy(source, target)
        time.sleep(0.005)
        with self.writing() as link:
            if not link.execute("DELETE FROM objects WHERE key = ?", [source]).rowcount:
                raise self.fail(StorageError, "move", source, "the source has changed")
        return info


@caught_by("test_threads_move_several_sources_to_one_target")
class MoveAppendsInARace(HonestDriver):
    """Copies the content and the size of a moved object in two steps, between which another move may come."""

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target:
            return super().move(source, target)
        info = self.stat(source)
        super().move(source, target)
        # Not the same time for all: the steps of two moves would follow in the same order.
        time.sleep(0.02 if info.size % 2000 else 0)
        with self.writing() as link:
            link.execute("UPDATE objects SET size = ? WHERE key = ?", [info.size, target])
            return self.info(link, target, "move")
