"""The last request of an upload, repeated after its host crashed or lost the storage while handling it."""

from __future__ import annotations

import pytest
from host.tests.registry.wrappers import Sharing
from support.content import digest_of
from support.host import Process, keys_of

from entrepot_contract import ObjectInfo, StorageDriver, Unavailable, UploadState

FIRST, SECOND = b"the first chunk, ", b"the second"
WHOLE = FIRST + SECOND
DIGEST = digest_of(WHOLE)


class Dying(Sharing):
    """Performs the call named by ``dies_after`` once and then fails, like a host that crashes after it."""

    dies_after = ""

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        return self._then_die("upload_commit", super().upload_commit(state, target=target))

    def move(self, source: str, target: str) -> ObjectInfo:
        return self._then_die("move", super().move(source, target))

    def _then_die(self, operation: str, done: ObjectInfo) -> ObjectInfo:
        if operation == self.dies_after:
            raise Unavailable("the host has crashed", driver=self.name, operation=operation)
        return done


@pytest.fixture
def dying(driver: StorageDriver) -> Process:
    return Process(Dying(driver))


@pytest.fixture
def host(driver: StorageDriver) -> Process:
    return Process(Sharing(driver))


def die(process: Process, operation: str, location: str, data: bytes) -> None:
    assert isinstance(process.driver, Dying)
    process.driver.dies_after = operation
    assert process.finish(location, DIGEST, data).status_code == 503


@pytest.mark.parametrize("operation", ["upload_commit", "move"])
@pytest.mark.parametrize("again", ["host", "dying"])
def test_chunks_of_several_hosts_are_committed_by_the_repeated_request(
    dying: Process, host: Process, driver: StorageDriver, operation: str, again: str
) -> None:
    location = host.patch(dying.patch(dying.start("app"), FIRST), SECOND)
    die(dying, operation, location, b"")
    dying.driver.dies_after = ""  # type: ignore[attr-defined]  # a Dying
    process = host if again == "host" else dying
    assert process.finish(location, DIGEST).status_code == 201
    assert host.blob("app", DIGEST).content == WHOLE
    assert not [key for key in keys_of(driver) if key.startswith("entrepot/")]


def test_a_last_chunk_that_was_staged_is_not_stored_twice(dying: Process, host: Process, driver: StorageDriver) -> None:
    location = host.patch(host.start("app"), FIRST)
    die(dying, "upload_commit", location, SECOND)
    assert host.finish(location, digest_of(FIRST + b"other data"), b"other data").status_code == 400
    location = host.patch(host.start("app"), FIRST)
    die(dying, "upload_commit", location, SECOND)
    assert host.finish(location, DIGEST, SECOND).status_code == 201
    assert host.blob("app", DIGEST).content == WHOLE
    assert not [key for key in keys_of(driver) if key.startswith("entrepot/")]


def test_a_committed_blob_gets_its_link_from_the_repeated_request(
    dying: Process, host: Process, driver: StorageDriver
) -> None:
    location = dying.patch(dying.start("app"), WHOLE)
    die(dying, "upload_commit", location, b"")
    assert host.blob("app", DIGEST).status_code == 404
    assert host.finish(location, DIGEST).status_code == 201
    assert host.blob("app", DIGEST).content == WHOLE
    assert not [key for key in keys_of(driver) if key.startswith("entrepot/")]


def test_an_upload_whose_bytes_are_gone_is_unknown(host: Process, driver: StorageDriver) -> None:
    host.push_blob("other", WHOLE)
    location = host.patch(host.patch(host.start("app"), FIRST), SECOND)
    record = host.registry.uploads.status("app", location.partition("?")[0].rpartition("/")[2])
    assert record.state is not None
    driver.upload_abort(record.state)
    # Nothing proves that the client has the bytes of the requested blob.
    sha512 = digest_of(WHOLE, "sha512")
    host.push_blob("other", WHOLE, "sha512")
    assert host.finish(location, sha512).status_code == 404
    assert host.blob("app", sha512).status_code == 404
