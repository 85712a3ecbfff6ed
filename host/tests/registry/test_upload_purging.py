"""Abandoned uploads are deleted after their age, and no others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from threading import enumerate as enumerate_threads
from uuid import uuid4

import pytest
from host.tests.registry.wrappers import Aged
from host.tests.storage.counting import CountingDriver
from support.content import digest_of
from support.host import QUIET, Process, keys_of

from entrepot.registry import Registry
from entrepot.registry.store import Store
from entrepot.registry.upload_purging import Purge
from entrepot.settings import PurgeSettings
from entrepot_contract import Capabilities, ObjectInfo, Prefix, StorageDriver, UploadUnknown

SETTINGS = PurgeSettings(age=timedelta(hours=168))
OLD = timedelta(hours=169)


@pytest.fixture
def aged(driver: StorageDriver) -> Aged:
    return Aged(driver)


def purge(driver: StorageDriver, settings: PurgeSettings = SETTINGS) -> int:
    return Purge(Store(driver), settings).run()


def uuid_of(location: str) -> str:
    return location.partition("?")[0].rpartition("/")[2]


def make_old(driver: Aged, location: str) -> None:
    for key in keys_of(driver):
        if uuid_of(location) in key:
            driver.ages[key] = OLD


@pytest.mark.parametrize("slices", [0, 1, 40])
def test_an_old_upload_is_purged_with_its_bytes_and_a_young_one_kept(aged: Aged, slices: int) -> None:
    host = Process(aged, replace(QUIET, upload_slice=64))
    old, young = host.start("app"), host.start("app")
    if slices:
        old = host.patch(old, bytes(64 * slices))
    record = host.registry.uploads.status("app", uuid_of(old))
    young = host.patch(young, b"young")
    make_old(aged, old)
    assert purge(aged) == 1
    assert {key.rpartition("/")[2].partition(".")[0] for key in keys_of(aged)} == {uuid_of(young)}
    if record.state is not None:
        with pytest.raises(UploadUnknown):
            aged.upload_commit(record.state)
    for process in (host, Process(aged)):
        assert process.request("GET", old).status_code == 404
    assert Process(aged).request("PATCH", old, b"late").status_code == 404
    assert host.finish(young, digest_of(b"young")).status_code == 201


def test_a_record_of_the_earlier_layout_is_purged_after_its_age(aged: Aged) -> None:
    old, young = (f"entrepot/uploads/{uuid4()}.00000000" for _ in range(2))
    for key in (old, young):
        aged.put(key, b"{}")
    aged.ages[old] = OLD
    assert purge(aged) == 1
    assert keys_of(aged) == [young]


def test_a_run_counts_the_uploads_that_it_leaves(aged: Aged) -> None:
    host = Process(aged)
    old, _, _ = (host.start("app") for _ in range(3))
    make_old(aged, old)
    purging = Purge(Store(aged), SETTINGS)
    assert (purging.run(), purging.left) == (1, 2)


@pytest.mark.parametrize(("days", "warned"), [(8, True), (9, False)])
def test_an_age_longer_than_the_storage_keeps_uploads_is_a_warning(
    driver: StorageDriver, caplog: pytest.LogCaptureFixture, days: int, warned: bool
) -> None:
    class Forgetful(CountingDriver):
        @property
        def capabilities(self) -> Capabilities:
            return replace(self.wrapped.capabilities, upload_ttl=timedelta(days=days))

    settings = replace(QUIET, purge=PurgeSettings(age=timedelta(days=9)))
    Registry(Forgetful(driver), settings, None).close()
    assert ("uploadpurging.age" in caplog.text) is warned


def test_an_old_upload_with_recent_bytes_is_kept(aged: Aged) -> None:
    host = Process(aged)
    location = host.start("app")
    make_old(aged, location)
    location = host.patch(location, b"just now")
    assert purge(aged) == 0
    assert host.finish(location, digest_of(b"just now")).status_code == 201


def test_a_dry_run_logs_and_deletes_nothing(aged: Aged) -> None:
    host = Process(aged)
    location = host.patch(host.start("app"), b"old")
    make_old(aged, location)
    aged.put("entrepot/staging/left", b"")
    aged.ages["entrepot/staging/left"] = OLD
    before = keys_of(aged)
    assert purge(aged, replace(SETTINGS, dry_run=True)) == 1
    assert keys_of(aged) == before
    assert host.finish(location, digest_of(b"old")).status_code == 201


UPLOADS = "docker/registry/v2/repositories/{}/_uploads/{}/"


def distributions_upload(driver: Aged, name: str, uuid: str, **ages: timedelta) -> list[str]:
    """Create the objects that Distribution 2.8.2 leaves on a filesystem when a client disconnects after a PATCH."""
    below = UPLOADS.format(name, uuid)
    keys = [f"{below}data", f"{below}hashstates/sha256/0", f"{below}hashstates/sha256/3", f"{below}startedat"]
    for key in keys:
        driver.put(key, b"2026-01-01T00:00:00Z")
        driver.ages[key] = ages.get(key.rpartition("/")[2], OLD)
    return keys


@pytest.mark.parametrize("dry_run", [False, True])
def test_old_uploads_of_distribution_are_purged_by_the_same_age(
    aged: Aged, dry_run: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    host = Process(aged)
    digest = host.push_blob("team/app", b"blob")
    kept = keys_of(aged)
    gone = [*distributions_upload(aged, "team/app", "a"), *distributions_upload(aged, "only/uploads", "b")]
    kept += distributions_upload(aged, "team/app", "c", data=timedelta(hours=1))
    assert purge(aged, replace(SETTINGS, dry_run=dry_run)) == 2
    assert keys_of(aged) == sorted(kept + gone * dry_run)
    assert host.blob("team/app", digest).status_code == 200
    assert ("upload of Distribution would be purged: uuid=b repository=only/uploads" in caplog.text) == dry_run


@pytest.mark.parametrize(("dry_run", "said"), [(True, "would be purged: count=1"), (False, "uploads purged: count=1")])
def test_a_dry_run_does_not_log_that_it_purged_anything(
    aged: Aged, dry_run: bool, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    make_old(aged, Process(aged).start("app"))
    purging = Purge(Store(aged), replace(SETTINGS, interval=timedelta(milliseconds=1), dry_run=dry_run))
    purging.start()
    for _ in range(1000):
        if said in caplog.text:
            break
        time.sleep(0.01)
    purging.stop()
    assert said in caplog.text
    assert not dry_run or "uploads purged" not in caplog.text


def test_old_staging_objects_of_a_crash_are_deleted(aged: Aged) -> None:
    for name in ("old", "young"):
        aged.put(f"entrepot/staging/{name}", b"")
    aged.ages["entrepot/staging/old"] = OLD
    assert purge(aged) == 0
    assert keys_of(aged) == ["entrepot/staging/young"]


def test_blobs_and_manifests_are_never_purged(aged: Aged) -> None:
    host = Process(aged)
    digest = host.push_blob("app", b"blob")
    for key in keys_of(aged):
        aged.ages[key] = OLD
    assert purge(aged) == 0
    assert host.blob("app", digest).content == b"blob"


def test_an_upload_with_an_unreadable_record_is_purged(aged: Aged, caplog: pytest.LogCaptureFixture) -> None:
    host = Process(aged)
    first, second = sorted([host.start("app"), host.start("app")], key=uuid_of)
    make_old(aged, first)
    make_old(aged, second)
    key = f"entrepot/uploads/{uuid_of(first)[:2]}/{uuid_of(first)}.00000000"
    aged.put(key, b"damaged")
    assert purge(aged) == 2
    assert keys_of(aged) == []
    assert key in caplog.text


def purging_threads() -> list[Thread]:
    return [thread for thread in enumerate_threads() if thread.name == "purge"]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_purge_thread_ends_with_the_registry(aged: Aged, enabled: bool) -> None:
    registry = Registry(aged, replace(QUIET, purge=replace(SETTINGS, enabled=enabled)), None)
    assert len(purging_threads()) == enabled
    registry.close()
    assert purging_threads() == []


def test_a_run_over_many_repositories_can_be_stopped(driver: StorageDriver) -> None:
    for number in range(50):
        driver.put(f"docker/registry/v2/repositories/team/app{number}/_manifests/emptied", b"")

    class Stopping(CountingDriver):
        def list_objects(
            self, prefix: str = "", *, start_after: str = "", shallow: bool = False
        ) -> Iterator[ObjectInfo | Prefix]:
            if prefix.endswith("/app3/"):
                purging.stop()
            return super().list_objects(prefix, start_after=start_after, shallow=shallow)

    stopping = Stopping(driver)
    purging = Purge(Store(stopping), SETTINGS)
    purging.run()
    assert stopping.calls["list_objects"] < 50


def test_a_short_interval_purges_repeatedly(aged: Aged) -> None:
    location = Process(aged).start("app")
    make_old(aged, location)
    purging = Purge(Store(aged), replace(SETTINGS, interval=timedelta(milliseconds=1)))
    purging.start()
    try:
        for _ in range(1000):
            if not keys_of(aged):
                break
            time.sleep(0.01)
    finally:
        purging.stop()
    assert keys_of(aged) == []
