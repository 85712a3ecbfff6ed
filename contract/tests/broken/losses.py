"""Drivers of a networked backend that go wrong when a response is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from contract.tests.broken.register import caught_by
from contract.tests.honest_remote import RemoteDriver

from entrepot_contract import DeleteFailed, ObjectInfo, StorageError, Unavailable, UploadState, WriteMode

PUT = "test_put_leaves_a_whole_object_when_the_connection_breaks[end]"
PUT_LOST = "test_a_put_whose_response_is_lost_is_whole_or_absent"
CREATE = "test_a_create_whose_response_is_lost_is_not_taken_for_that_of_another"
MOVE = "test_a_move_whose_response_is_lost_leaves_source_or_target"
COMMIT = "test_a_commit_whose_response_is_lost_loses_nothing"
DELETE = "test_delete_names_every_key_that_is_still_there[True]"


@caught_by(PUT)
class PutWritesInTwoSteps(RemoteDriver):
    """Writes the first half, and then the whole object."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is WriteMode.OVERWRITE and len(data) > 2**20:
            super().put(key, data[: len(data) // 2])
        return super().put(key, data, mode=mode)


@caught_by(PUT)
class PutDeletesFirst(RemoteDriver):
    """Deletes the old object before it writes the new one."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is WriteMode.OVERWRITE:
            self.delete([key])
        return super().put(key, data, mode=mode)


@caught_by(PUT)
class PutCleansUpAfterAFailure(RemoteDriver):
    """Deletes the object if it could not be written."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        try:
            return super().put(key, data, mode=mode)
        except Unavailable:
            self.delete([key])
            raise


@caught_by(PUT_LOST)
class PutTriesAgainWithNothing(RemoteDriver):
    """Sends an empty body when it tries again."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        try:
            return super().put(key, data, mode=mode)
        except Unavailable:
            return super().put(key, b"", mode=mode)


@caught_by(CREATE)
class CreateTriesAgain(RemoteDriver):
    """Finds its own object when it tries again, and takes it for that of another."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        try:
            return super().put(key, data, mode=mode)
        except Unavailable:
            return super().put(key, data, mode=mode)


@caught_by(MOVE)
class MoveTriesAgain(RemoteDriver):
    """Misses the source that it has moved itself when it tries again."""

    def move(self, source: str, target: str) -> ObjectInfo:
        try:
            return super().move(source, target)
        except Unavailable:
            return super().move(source, target)


@caught_by(MOVE)
class MoveDeletesFirst(RemoteDriver):
    """Deletes the source before it writes the target."""

    def move(self, source: str, target: str) -> ObjectInfo:
        with self.read(source) as reader:
            data = b"".join(reader)
        self.delete([source])
        return self.put(target, data)


@caught_by(MOVE)
class MoveUndoesACopy(RemoteDriver):
    """Deletes the target if the source could not be deleted; but it was."""

    def move(self, source: str, target: str) -> ObjectInfo:
        with self.read(source) as reader:
            info = self.put(target, b"".join(reader))
        try:
            self.delete([source])
        except Unavailable:
            self.delete([target])
            raise
        return info


@caught_by(MOVE)
class MoveLeavesTheSource(RemoteDriver):
    """Returns although the source could not be deleted."""

    def move(self, source: str, target: str) -> ObjectInfo:
        with self.read(source) as reader:
            info = self.put(target, b"".join(reader))
        try:
            self.ask("move", source, "ping")
            self.delete([source])
        except Unavailable:
            return info
        return info


@caught_by(COMMIT)
class CommitTriesAgain(RemoteDriver):
    """Finds that its own commit has ended the upload when it tries again."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            return super().upload_commit(state, target=target)
        except Unavailable:
            return super().upload_commit(state, target=target)


@caught_by(COMMIT)
class CommitAbortsAfterAFailure(RemoteDriver):
    """Aborts an upload that could not be committed."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            self.ask("upload_commit", state.key, "ping")
            return super().upload_commit(state, target=target)
        except Unavailable:
            self.upload_abort(state)
            raise


@caught_by(COMMIT)
class CommitAssumesSuccess(RemoteDriver):
    """Returns from a commit that failed before it began."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        try:
            self.ask("upload_commit", state.key, "ping")
        except Unavailable:
            return ObjectInfo(target or state.key, state.size, datetime.now(UTC), None)
        return super().upload_commit(state, target=target)


class Batches(RemoteDriver):
    """Deletes four keys with each request."""

    def batches(self, keys: Iterable[str]) -> Iterator[list[str]]:
        rest = list(keys)
        while rest:
            batch, rest = rest[:4], rest[4:]
            yield batch

    def failed(self, errors: dict[str, StorageError]) -> DeleteFailed:
        return DeleteFailed("failed", driver=self.name, operation="delete", failed=errors)


@caught_by(DELETE)
class DeleteNamesOneOfABatch(Batches):
    """Names the first key of each batch that failed."""

    def delete(self, keys: Iterable[str]) -> None:
        errors: dict[str, StorageError] = {}
        for batch in self.batches(keys):
            try:
                self.ask("delete", None, "ping")
                super().delete(batch)
            except Unavailable as error:
                errors[batch[0]] = error
        if errors:
            raise self.failed(errors)


@caught_by(DELETE)
class DeleteStopsAtABatch(Batches):
    """Names the keys of the batch that failed, and not those that it never tried."""

    def delete(self, keys: Iterable[str]) -> None:
        for batch in self.batches(keys):
            try:
                super().delete(batch)
            except Unavailable as error:
                raise self.failed(dict.fromkeys(batch, error)) from error


@caught_by(DELETE)
class DeleteSkipsABatch(Batches):
    """Says nothing of a batch that failed, unless it was the first."""

    def delete(self, keys: Iterable[str]) -> None:
        for number, batch in enumerate(self.batches(keys)):
            try:
                self.ask("delete", None, "ping")
                super().delete(batch)
            except Unavailable:
                if not number:
                    raise
