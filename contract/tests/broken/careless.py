"""Drivers with mistakes at the edges: after a close, after a page, after a second, and without bytes."""

from __future__ import annotations

import itertools
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import ClassVar, Self

from contract.tests.broken.additions import DeleteUnchangedLooksThenDeletes
from contract.tests.broken.register import caught_by
from contract.tests.broken.signs import SigningDriver
from contract.tests.honest import HonestDriver

from entrepot_contract import (
    AlreadyExists,
    Chunks,
    ConfigError,
    DriverOptions,
    Health,
    ObjectInfo,
    Prefix,
    SignedMethod,
    StorageError,
    Unavailable,
    UploadState,
    WriteMode,
)

OVERWRITE = WriteMode.OVERWRITE


@caught_by("test_health_leaves_no_object")
class HealthLeavesItsProbe(HonestDriver):
    """Writes an object to see whether it can, and leaves it."""

    def health(self) -> Health:
        self.put("health/probe", b"probe")
        return super().health()


@caught_by("test_health_is_ok_from_several_threads_beside_other_calls")
class HealthCreatesOneProbe(HonestDriver):
    """Creates an object of one name and deletes it, which fails beside another check."""

    def health(self) -> Health:
        try:
            self.put("health/probe", b"probe", mode=WriteMode.CREATE)
            time.sleep(0.005)
            self.delete(["health/probe"])
        except AlreadyExists as error:
            return Health(ok=False, latency=timedelta(0), detail=str(error))
        except StorageError:
            return super().health()
        return super().health()


@caught_by("test_times_are_those_of_the_last_write")
class KeepsTheTimeOfTheFirstWrite(HonestDriver):
    """Updates the content and the etag of a row, and not its time."""

    def save(self, link: sqlite3.Connection, key: str, data: bytes) -> ObjectInfo:
        found = link.execute("SELECT modified FROM objects WHERE key = ?", [key]).fetchone()
        info = super().save(link, key, data)
        if found is not None:
            link.execute("UPDATE objects SET modified = ? WHERE key = ?", [found[0], key])
            info = self.info(link, key, "save")
        return info


@caught_by("test_uploads_of_two_drivers_are_different")
class NumbersUploadsInEachDriver(HonestDriver):
    """Begins to number uploads at 1 in every driver."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.numbers = itertools.count(1)

    def upload_start(self, key: str) -> UploadState:
        upload = f"upload-{next(self.numbers)}"
        with self.writing() as link:
            self.forget(link, upload)
            link.execute("INSERT INTO uploads VALUES (?, ?, ?)", [upload, key, time.time()])
        return self.state(key, 0, upload, 0)


@caught_by("test_uploads_have_many_appends")
class CommitsTheFirstPage(HonestDriver):
    """Commits only the steps of the first page."""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        with self.writing() as link:
            upload, serial = self.find(link, state, "upload_commit")
            query = "SELECT serial FROM steps WHERE upload = ? AND serial <= ? ORDER BY serial LIMIT -1 OFFSET 1000"
            rest = link.execute(query, [upload, serial]).fetchall()
            link.executemany("UPDATE steps SET data = x'' WHERE serial = ?", rest)
        return super().upload_commit(state, target=target)


@caught_by("test_list_joins_pages_without_gaps_or_repeats")
class NamesAFolderOnEachPage(HonestDriver):
    """Groups the keys of each page into folders, and repeats one that goes on with the next page."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        items = super().list_objects(prefix, start_after=start_after)
        if not shallow:
            yield from items
            return
        within = start_after[: start_after.find("/", len(prefix)) + 1] if start_after.startswith(prefix) else ""
        while page := list(islice(items, 1000)):
            last = within
            for item in page:
                head, slash, _ = item.key[len(prefix) :].partition("/")
                if not slash:
                    yield item
                elif prefix + head + slash != last and prefix + head + slash > start_after:
                    last = prefix + head + slash
                    yield Prefix(last)


@caught_by("test_close_leaves_another_driver_usable")
class CountsEachClose(HonestDriver):
    """Closes what drivers share after as many calls of ``close`` as there are drivers."""

    users: ClassVar[Counter[str]] = Counter()

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.users[self.options.path] += 1

    def close(self) -> None:
        self.users[self.options.path] -= 1

    def connect(self) -> sqlite3.Connection:
        if self.users[self.options.path] <= 0:
            raise self.fail(Unavailable, "connect", None, "the connection is closed")
        return super().connect()


@caught_by("test_an_upload_is_unknown_after_its_commit")
class AppendsNothingToAnything(HonestDriver):
    """Returns the state at once if there is nothing to append."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        chunks = iter(data)
        first = next((chunk for chunk in chunks if len(chunk)), None)
        if first is None:
            return state
        return super().upload_append(state, itertools.chain([bytes(first)], chunks))


@caught_by("test_a_concurrent_write_is_never_deleted")
class DeleteUnchangedLocksPutsOnly(DeleteUnchangedLooksThenDeletes):
    """Excludes puts with a lock while it compares and deletes, and not commits and moves."""

    lock: ClassVar[threading.Lock] = threading.Lock()

    def put(self, key: str, data: bytes, *, mode: WriteMode = OVERWRITE, durable: bool = True) -> ObjectInfo:
        with self.lock:
            return super().put(key, data, mode=mode, durable=durable)

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        with self.lock:
            return super().delete_unchanged(info)


@caught_by("test_signed_url_serves_the_object", signed=["GET", "HEAD"])
class DropsTheDaysOfTheExpiry(SigningDriver):
    """Uses the seconds of the expiry, without its days."""

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        return super().sign_url(key, method, timedelta(seconds=expires.seconds))


@caught_by("test_signed_url_expires", signed=["GET", "HEAD"])
class SignsOnce(SigningDriver):
    """Returns the URL that it signed last for a key and method."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.signed: dict[tuple[str, str], str] = {}

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        if (key, method) not in self.signed:
            self.signed[key, method] = super().sign_url(key, method, expires)
        return self.signed[key, method]


@caught_by("test_wrong_options_raise_config_errors", password="hunter2-of-careless")  # noqa: S106 - of this test
class ShowsAWrongPassword(HonestDriver):
    """Shows an option that it cannot use."""

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        password = str(config.get("password"))
        if not password.isprintable() or password.startswith("["):
            raise ConfigError(f"option 'password': {password} is wrong", driver=cls.name, operation="configure")
        return super().from_config(config)
