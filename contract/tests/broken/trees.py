"""Drivers that confuse keys, or damage others that are above or below them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, suppress

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import (
    InvalidKey,
    NotFound,
    ObjectInfo,
    Prefix,
    Reader,
    Unavailable,
    UploadState,
    WriteMode,
)


class Folders(HonestDriver):
    """Refuses keys above and below others, as a filesystem does."""

    def refuse(self, key: str, operation: str) -> None:
        with closing(self.connect()) as link:
            keys = [found for (found,) in link.execute("SELECT key FROM objects")]
        if any(each.startswith(f"{key}/") or key.startswith(f"{each}/") for each in keys):
            raise self.fail(InvalidKey, operation, key, "there is a folder or a file in its place")

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        self.refuse(key, "put")
        return super().put(key, data, mode=mode, durable=durable)

    def move(self, source: str, target: str) -> ObjectInfo:
        self.refuse(target, "move")
        return super().move(source, target)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        self.refuse(target or state.key, "upload_commit")
        return super().upload_commit(state, target=target)


@caught_by("test_writing_onto_a_prefix_changes_nothing_else[put]")
class PutClearsTheFolder(HonestDriver):
    """Removes a folder that is in the way of an object."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        self.delete([item.key for item in self.list_objects(f"{key}/")])
        return super().put(key, data, mode=mode, durable=durable)


@caught_by("test_writing_below_an_object_changes_nothing_else[put]")
class PutTurnsObjectsIntoFolders(HonestDriver):
    """Removes an object that is in the way of a folder."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        self.delete([key[:at] for at, letter in enumerate(key) if letter == "/"])
        return super().put(key, data, mode=mode, durable=durable)


@caught_by("test_writing_onto_a_prefix_changes_nothing_else[move]")
class MoveLosesTheRefused(Folders):
    """Removes the source of a move before the target is refused."""

    def move(self, source: str, target: str) -> ObjectInfo:
        with self.read(source) as reader:
            data = b"".join(reader)
        self.delete([source])
        return self.put(target, data)


@caught_by("test_writing_onto_a_prefix_changes_nothing_else[commit]")
class CommitLosesTheRefused(Folders):
    """Removes the upload before its target is refused."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            return super().upload_commit(state, target=target)
        except InvalidKey:
            self.upload_abort(state)
            raise


@caught_by("test_writing_onto_a_prefix_changes_nothing_else[own-commit]")
class CommitRefusesForAWhile(Folders):
    """Reports a key that it cannot store as a temporary failure."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            return super().upload_commit(state, target=target)
        except InvalidKey as refused:
            raise self.fail(Unavailable, "upload_commit", target or state.key) from refused


@caught_by("test_writing_below_an_object_changes_nothing_else[create]")
class CreateFindsNothing(Folders):
    """Reports a key that it cannot store as missing."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        try:
            return super().put(key, data, mode=mode, durable=durable)
        except InvalidKey as refused:
            raise self.fail(NotFound, "put", key) from refused


@caught_by("test_writing_below_an_object_changes_nothing_else[move]")
class MoveBelowIsHalfDone(Folders):
    """Removes the target's parent before it refuses a move below it."""

    def move(self, source: str, target: str) -> ObjectInfo:
        with suppress(NotFound):
            self.stat(target.rpartition("/")[0])
            self.delete([target.rpartition("/")[0]])
            raise self.fail(InvalidKey, "move", target)
        return super().move(source, target)


class Renamed(HonestDriver):
    """Stores each key under another one."""

    def other(self, key: str) -> str:
        raise NotImplementedError

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        return super().put(self.other(key), data, mode=mode, durable=durable)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return super().read(self.other(key), offset=offset, length=length)

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return super().upload_commit(state, target=self.other(target or state.key))

    def move(self, source: str, target: str) -> ObjectInfo:
        return super().move(self.other(source), self.other(target))


@caught_by("test_keys_that_look_alike_are_different[put]")
class KeysFoldTheirCase(Renamed):
    """Stores all keys in lower case."""

    def other(self, key: str) -> str:
        return key.lower()


@caught_by("test_keys_that_look_alike_are_different[own-commit]")
class KeysReplaceSlashes(Renamed):
    """Stores keys with two underscores instead of a slash, and lists them with slashes again."""

    def other(self, key: str) -> str:
        return key.replace("__", "/")


@caught_by("test_keys_that_look_alike_are_different[move]")
class KeysLoseDots(Renamed):
    """Loses dots at the end of a key, as some filesystems do."""

    def other(self, key: str) -> str:
        return key.rstrip(".")


@caught_by("test_keys_that_look_alike_are_different[put]")
class DeleteIsAPattern(HonestDriver):
    """Deletes with LIKE, for which an underscore is any character."""

    def delete(self, keys: Iterable[str]) -> None:
        with self.writing() as link:
            link.executemany("DELETE FROM objects WHERE key LIKE ?", [[key] for key in keys])


@caught_by("test_keys_that_look_alike_are_different[put]")
class ListIsAPattern(HonestDriver):
    """Finds a prefix with LIKE, which ignores the case and takes an underscore for any character."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        with closing(self.connect()) as link:
            query = "SELECT key FROM objects WHERE key LIKE ? ORDER BY key"
            like = {key for (key,) in link.execute(query, [f"{prefix}%"])}
        for item in super().list_objects(start_after=start_after, shallow=shallow):
            if item.key in like or isinstance(item, Prefix):
                yield item


@caught_by("test_keys_that_look_alike_are_different[put]")
class WorkingFilesHaveNames(HonestDriver):
    """Takes objects whose names end with ``.tmp`` for its own working files."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        for item in super().list_objects(prefix, start_after=start_after, shallow=shallow):
            if not item.key.endswith(".tmp"):
                yield item
