"""Drivers whose deletions of many keys go wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import cast

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import DeleteFailed, InvalidKey, NotFound, ObjectInfo, Reader, StorageError, Unavailable


@caught_by("test_delete_takes_thousands_of_keys")
class DeleteForgetsTheLastBatch(HonestDriver):
    """Deletes in batches of 1000, and only complete ones if there are several."""

    def delete(self, keys: Iterable[str]) -> None:
        batch: list[str] = []
        full = False
        for key in keys:
            batch.append(key)
            if len(batch) == 1000:
                super().delete(batch)
                batch, full = [], True
        if not full:
            super().delete(batch)


@caught_by("test_delete_takes_thousands_of_keys")
class DeleteSkipsBetweenBatches(HonestDriver):
    """Loses the key that would be the first of a new batch."""

    def delete(self, keys: Iterable[str]) -> None:
        batch: list[str] = []
        for key in keys:
            if len(batch) == 256:
                super().delete(batch)
                batch = []
            else:
                batch.append(key)
        super().delete(batch)


@caught_by("test_delete_takes_thousands_of_keys")
class DeleteRefusesThousands(HonestDriver):
    """Passes on the backend's refusal of more than 1000 keys."""

    def delete(self, keys: Iterable[str]) -> None:
        doomed = list(keys)
        if len(doomed) > 1000:
            raise self.fail(StorageError, "delete", None, "too many keys in one request")
        super().delete(doomed)


@caught_by("test_delete_takes_thousands_of_keys")
class DeleteRefusesRepeats(HonestDriver):
    """Reports a key that is given twice as not deleted."""

    def delete(self, keys: Iterable[str]) -> None:
        doomed = list(keys)
        super().delete(doomed)
        twice = {key for key in doomed[:1000] if doomed.count(key) > 1}
        if len(twice) > 1:
            failed = {key: self.fail(InvalidKey, "delete", key) for key in twice}
            raise DeleteFailed("refused", driver=self.name, operation="delete", failed=failed)


@caught_by("test_delete_takes_any_iterable[generator]")
class DeleteTakesSequences(HonestDriver):
    """Asks for the number of keys, and takes an iterable without one for empty."""

    def delete(self, keys: Iterable[str]) -> None:
        with suppress(TypeError):
            super().delete(cast("Sequence[str]", keys) if len(cast("Sequence[str]", keys)) else [])


@caught_by("test_delete_takes_any_iterable[set]")
class DeleteTakesSlices(HonestDriver):
    """Takes an iterable that cannot be sliced for a single key."""

    def delete(self, keys: Iterable[str]) -> None:
        try:
            super().delete(cast("Sequence[str]", keys)[0:100])
        except TypeError:
            super().delete([str(keys)])


@caught_by("test_delete_passes_exceptions_of_its_keys")
class DeleteTranslatesExceptions(HonestDriver):
    """Reports every exception of its keys as a failure of the backend."""

    def delete(self, keys: Iterable[str]) -> None:
        try:
            super().delete(keys)
        except Exception as error:
            raise self.fail(Unavailable, "delete", None) from error


@caught_by("test_delete_passes_exceptions_of_its_keys")
class DeleteTranslatesOsErrors(HonestDriver):
    """Reports an OSError of its keys as one of the disk."""

    def delete(self, keys: Iterable[str]) -> None:
        try:
            super().delete(keys)
        except OSError as error:
            raise self.fail(Unavailable, "delete", None) from error


@caught_by("test_delete_passes_exceptions_of_its_keys")
class DeleteIgnoresExceptions(HonestDriver):
    """Deletes what it got, and ignores an exception of its keys."""

    def delete(self, keys: Iterable[str]) -> None:
        got: list[str] = []
        try:
            got.extend(keys)
        except Exception:  # noqa: BLE001 - the fault
            super().delete(got)
        else:
            super().delete(got)


@caught_by("test_delete_passes_exceptions_of_its_keys")
class DeleteIsBrokenByExceptions(HonestDriver):
    """Is left in the middle of a deletion by an exception of its keys, and deletes nothing any more."""

    busy = False

    def delete(self, keys: Iterable[str]) -> None:
        if self.busy:
            return
        self.busy = True
        super().delete(keys)
        self.busy = False


@caught_by("test_delete_takes_thousands_of_keys")
class DeleteSharesABatch(HonestDriver):
    """Collects keys in a default argument, which keeps only the first hundred of all calls."""

    def delete(self, keys: Iterable[str], batch: list[str] = []) -> None:  # noqa: B006 - the fault
        batch.extend(keys)
        super().delete(batch[:100])
        batch.clear()


@caught_by("test_deleted_objects_are_gone_for_every_verb[commit]")
class DeletedObjectsAreRead(HonestDriver):
    """Keeps the object that was read last in memory, and reads ranges of it after its deletion."""

    kept: tuple[str, bytes] = ("", b"")

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        if not offset and length is None:
            with super().read(key) as reader:
                self.kept = key, b"".join(reader)
        try:
            return super().read(key, offset=offset, length=length)
        except NotFound:
            if key != self.kept[0] or length is None:
                raise
            self.put("_kept", self.kept[1])
            return super().read("_kept", offset=offset, length=length)


@caught_by("test_deleted_objects_are_gone_for_every_verb[move]")
class MovedObjectsAreListedForever(HonestDriver):
    """Lists keys from an index that a move adds to, and a deletion does not remove from."""

    def move(self, source: str, target: str) -> ObjectInfo:
        info = super().move(source, target)
        self.__dict__.setdefault("index", {})[target] = info
        return info

    def list_objects(self, prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Iterator[ObjectInfo]:
        found = {item.key: item for item in super().list_objects(prefix, start_after=start_after, shallow=shallow)}
        if not shallow:
            found.update({key: info for key, info in self.__dict__.get("index", {}).items() if key.startswith(prefix)})
        return iter(cast("list[ObjectInfo]", [found[key] for key in sorted(found)]))


@caught_by("test_threads_delete_the_same_keys")
class DeleteLooksFirst(HonestDriver):
    """Looks for each object, deletes it, and fails if another thread was faster."""

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            with suppress(NotFound):
                self.stat(key)
                with self.writing() as link:
                    if not link.execute("DELETE FROM objects WHERE key = ?", [key]).rowcount:
                        raise self.fail(StorageError, "delete", key, "the object is gone")
