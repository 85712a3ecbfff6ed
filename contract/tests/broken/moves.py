"""Drivers with a broken ``move``."""

from __future__ import annotations

import time

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import AlreadyExists, NotFound, ObjectInfo


class Copies(HonestDriver):
    """Moves by copying through the host, which the kit cannot observe."""

    def copy(self, source: str, target: str) -> ObjectInfo:
        with self.read(source) as reader:
            return self.put(target, b"".join(reader))


@caught_by("test_move_leaves_the_target_whole_and_no_source")
class MoveCopies(Copies):
    """Leaves the source."""

    def move(self, source: str, target: str) -> ObjectInfo:
        return self.copy(source, target)


@caught_by("test_move_leaves_the_target_whole_and_no_source")
class MoveReplacesNothing(HonestDriver):
    """Refuses an existing target."""

    def move(self, source: str, target: str) -> ObjectInfo:
        if source != target:
            try:
                self.stat(target)
            except NotFound:
                return super().move(source, target)
            raise self.fail(AlreadyExists, "move", target)
        return super().move(source, target)


@caught_by("test_move_of_large_and_empty_objects")
class MoveCutsLargeObjects(HonestDriver):
    """Copies only the first part."""

    def move(self, source: str, target: str) -> ObjectInfo:
        super().move(source, target)
        with self.read(target, length=self.capabilities.part_size_hint) as reader:
            return self.put(target, b"".join(reader))


@caught_by("test_move_of_a_missing_source_raises")
class MoveOfNothingEmptiesTheTarget(HonestDriver):
    """Removes the target before it checks that the source exists."""

    def move(self, source: str, target: str) -> ObjectInfo:
        if source != target:
            self.delete([target])
        return super().move(source, target)


@caught_by("test_move_of_a_missing_source_raises")
class MoveNamesTheTarget(HonestDriver):
    """Reports a missing source as a missing target."""

    def move(self, source: str, target: str) -> ObjectInfo:
        try:
            return super().move(source, target)
        except NotFound as missing:
            raise self.fail(NotFound, "move", target) from missing


@caught_by("test_move_onto_itself_raises_and_keeps_the_object")
class MoveOntoItselfDeletes(Copies):
    """Copies an object onto itself and then removes the source."""

    def move(self, source: str, target: str) -> ObjectInfo:
        info = self.copy(source, target)
        self.delete([source])
        return info


@caught_by("test_move_onto_itself_raises_and_keeps_the_object")
class MoveOntoItselfIsFine(HonestDriver):
    """Does nothing if source and target are the same."""

    def move(self, source: str, target: str) -> ObjectInfo:
        return self.stat(source) if source == target else super().move(source, target)


@caught_by("test_kill_at_any_moment_leaves_whole_objects")
class MoveHasItInMemory(HonestDriver):
    """Removes the source before the target is written."""

    def move(self, source: str, target: str) -> ObjectInfo:
        with self.read(source) as reader:
            data = b"".join(reader)
        self.delete([source])
        time.sleep(0.5)
        return self.put(target, data)
