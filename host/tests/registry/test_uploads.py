"""Uploads of blobs: in slices, empty, incomplete, repeated, over a damaged blob."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from threading import Event

import pytest
from falcon.testing import Result
from host.tests.registry.wrappers import Uncreating
from host.tests.storage.counting import CountingDriver
from support.content import digest_of
from support.host import QUIET, Process, keys_of, memory, path_of

from entrepot.errors import BlobUploadUnknown
from entrepot.registry.body import Body
from entrepot.registry.names import parse_digest
from entrepot.settings import RegistrySettings
from entrepot_contract import Capabilities, Chunks, NotFound, ObjectInfo, Prefix, StorageDriver, UploadState

SLICE = 64


@pytest.fixture(params=[0, SLICE + 10], ids=["nothing held", "one slice held"])
def settings(request: pytest.FixtureRequest) -> RegistrySettings:
    """Small slices, all of which are sent to the driver, or those after the first."""
    return replace(QUIET, upload_slice=SLICE, upload_held=request.param)


def places(digest: str) -> list[str]:
    """Returns the only keys that remain after a push of a blob."""
    algorithm, encoded = digest.split(":")
    return [
        f"docker/registry/v2/blobs/{algorithm}/{encoded[:2]}/{encoded}/data",
        f"docker/registry/v2/repositories/app/_layers/{algorithm}/{encoded}/link",
    ]


def content(size: int) -> bytes:
    return bytes(number * 7 % 251 for number in range(size))


def code_of(answer: Result) -> str:
    return str(answer.json["errors"][0]["code"])


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("ending", [0, 1])
def test_any_number_of_slices_leaves_only_the_blob_and_its_link(
    driver: StorageDriver, method: str, ending: int, settings: RegistrySettings
) -> None:
    host = Process(driver, settings)
    for count in [1, 2, 14, 15, 16, 17, 18, 31, 32, 33, 45, 48, 49]:
        data = content(count * SLICE + ending)
        digest = digest_of(data)
        location = host.start("app")
        if method == "PATCH":
            location = host.patch(location, data)
            assert len([key for key in keys_of(driver) if key.startswith("entrepot/uploads/")]) <= 18
            data = b""
        assert host.finish(location, digest, data).status_code == 201
        assert host.blob("app", digest).status_code == 200
        assert keys_of(driver) == places(digest), f"after {count} slices"
        driver.delete(places(digest))


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 32, 47, 48, 49])
def test_cancelling_after_any_number_of_slices_leaves_nothing(
    driver: StorageDriver, count: int, settings: RegistrySettings
) -> None:
    host = Process(driver, settings)
    location = host.start("app")
    if count:
        location = host.patch(location, content(count * SLICE))
    assert host.request("DELETE", location).status_code == 204
    assert keys_of(driver) == []
    assert host.request("DELETE", location).status_code == 404


@pytest.mark.parametrize("count", [1, 16, 32, 33])
def test_a_wrong_digest_after_any_number_of_slices_leaves_nothing(
    driver: StorageDriver, count: int, settings: RegistrySettings
) -> None:
    host = Process(driver, settings)
    refused = host.finish(host.start("app"), digest_of(b"others"), content(count * SLICE))
    assert code_of(refused) == "DIGEST_INVALID"
    assert keys_of(driver) == []


@pytest.mark.parametrize("way", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_an_empty_blob_can_be_pushed(host: Process, driver: StorageDriver, way: str, algorithm: str) -> None:
    digest = digest_of(b"", algorithm)
    if way == "POST":
        host.push_blob("app", b"", algorithm)
    else:
        location = host.start("app")
        location = host.patch(location, b"") if way == "PATCH" else location
        assert host.finish(location, digest).status_code == 201
    pulled = host.blob("app", digest)
    assert (pulled.status_code, pulled.content, pulled.headers["content-length"]) == (200, b"", "0")
    assert keys_of(driver) == places(digest)


@pytest.mark.parametrize("size", [10, 5 * SLICE, 5 * SLICE + 1])
def test_a_body_without_a_length_is_read_to_its_end(
    driver: StorageDriver, size: int, settings: RegistrySettings
) -> None:
    host = Process(driver, settings)
    data = content(size)
    answer = host.request("PATCH", host.start("app"), BytesIO(data), length=-1)
    assert (answer.status_code, answer.headers["range"]) == (202, f"0-{size - 1}")
    assert host.finish(path_of(answer.headers["location"] or ""), digest_of(data)).status_code == 201
    assert host.blob("app", digest_of(data)).content == data


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_bytes_before_a_disconnect_are_kept_and_the_upload_can_continue(
    driver: StorageDriver, method: str, settings: RegistrySettings
) -> None:
    host, other = Process(driver, settings), Process(driver)
    data = content(5 * SLICE)
    location = host.start("app")
    sent = BytesIO(data[:200])
    broken = host.request(method, f"{location}&digest={digest_of(data)}", sent, length=len(data))
    assert (broken.status_code, code_of(broken)) == (400, "SIZE_INVALID")
    assert other.blob("app", digest_of(data)).status_code == 404
    status = other.request("GET", location)
    assert status.headers["range"] == "0-199"
    latest = path_of(status.headers["location"] or "")
    assert host.finish(latest, digest_of(data), data[200:]).status_code == 201
    assert other.blob("app", digest_of(data)).content == data


def test_an_incomplete_monolithic_post_leaves_nothing(host: Process, driver: StorageDriver) -> None:
    data = content(500)
    broken = host.request("POST", f"/v2/app/blobs/uploads/?digest={digest_of(data)}", BytesIO(data[:99]), length=500)
    assert (broken.status_code, code_of(broken)) == (400, "SIZE_INVALID")
    assert keys_of(driver) == []


def test_a_monolithic_post_with_a_wrong_digest_leaves_nothing(host: Process, driver: StorageDriver) -> None:
    refused = host.request("POST", f"/v2/app/blobs/uploads/?digest={digest_of(b'others')}", content(500))
    assert (refused.status_code, code_of(refused)) == (400, "DIGEST_INVALID")
    assert keys_of(driver) == []


def test_a_blob_of_the_same_size_with_other_bytes_is_replaced(host: Process, driver: StorageDriver) -> None:
    digest = host.push_blob("other", content(500))
    driver.put(places(digest)[0], bytes(500))
    assert host.finish(host.patch(host.start("app"), content(500)), digest).status_code == 201
    assert host.blob("app", digest).content == content(500)


@pytest.mark.parametrize("way", ["POST", "PATCH", "two hosts"])
def test_a_truncated_blob_is_replaced(host: Process, other: Process, driver: StorageDriver, way: str) -> None:
    data = content(500)
    digest = host.push_blob("app", data)
    driver.put(places(digest)[0], data[:-1])
    if way == "POST":
        other.push_blob("app", data)
    else:
        location = host.patch(host.start("app"), data[:100])
        location = (other if way == "two hosts" else host).patch(location, data[100:])
        assert other.finish(location, digest).status_code == 201
    assert Process(driver).blob("app", digest).content == data


def test_a_commit_from_an_old_location_is_checked_by_its_digest(host: Process, driver: StorageDriver) -> None:
    first = host.patch(host.start("app"), b"first")
    host.patch(first, b"second")
    refused = host.finish(first, digest_of(b"firstsecond"))
    assert (refused.status_code, code_of(refused)) == (416, "RANGE_INVALID")
    with pytest.raises(NotFound):
        driver.stat(places(digest_of(b"first"))[0])
    latest = path_of(refused.headers["location"] or "")
    assert host.finish(latest, digest_of(b"firstsecond")).status_code == 201


def test_chunks_out_of_order_are_rejected_with_the_current_offset(host: Process) -> None:
    location = host.patch(host.start("app"), content(100))
    for header in ["0-9", "99-108", "101-110"]:
        refused = host.request("PATCH", location, content(10), {"Content-Range": header})
        assert (refused.status_code, code_of(refused)) == (416, "RANGE_INVALID")
        assert refused.headers["range"] == "0-99"
    accepted = host.request("PATCH", location, content(10), {"Content-Range": "100-109"})
    assert (accepted.status_code, accepted.headers["range"]) == (202, "0-109")


def test_the_status_of_an_upload_lists_few_other_uploads(
    driver: StorageDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Process(driver)
    location = [host.start("app") for _ in range(512)][-1]
    listed: list[str] = []
    list_objects = driver.list_objects

    def noted(prefix: str = "", *, start_after: str = "", shallow: bool = False) -> Iterator[ObjectInfo | Prefix]:
        listed.extend(item.key for item in list_objects(prefix))
        return list_objects(prefix, start_after=start_after, shallow=shallow)

    monkeypatch.setattr(driver, "list_objects", noted)
    assert Process(driver).request("GET", location).status_code == 204
    # A filesystem reads whole directories, and a single one for all uploads would contain those of a week.
    assert 1 <= len(listed) <= 20


def test_an_upload_is_unknown_in_other_repositories_of_the_same_process(host: Process) -> None:
    record = host.registry.uploads.start("app")
    with pytest.raises(BlobUploadUnknown):
        host.registry.uploads.append("other", record.uuid, record.number, Body(BytesIO(b"x"), 1), None)


class Waiting(BytesIO):
    """A body whose client stalls until it is released."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.begun, self.go = Event(), Event()

    def read(self, size: int | None = -1, /) -> bytes:
        self.begun.set()
        assert self.go.wait(10)
        return super().read(size)


def test_without_create_two_requests_for_one_upload_exclude_each_other_in_the_process(driver: StorageDriver) -> None:
    host = Process(Uncreating(driver))
    location, body = host.start("app"), Waiting(b"slow")
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(host.request, "PATCH", location, body, None, 4)
        assert body.begun.wait(10)
        quick = host.request("PATCH", location, b"quick")
        body.go.set()
        assert slow.result().status_code == 202
    assert (quick.status_code, code_of(quick)) == (416, "RANGE_INVALID")
    latest = path_of(slow.result().headers["location"] or "")
    assert host.finish(latest, digest_of(b"slow")).status_code == 201
    assert host.request("PATCH", location, b"late").status_code == 404


def test_without_create_an_old_location_cannot_discard_later_bytes(driver: StorageDriver) -> None:
    host = Process(Uncreating(driver))
    begun = host.start("app")
    latest = host.patch(begun, b"first")
    assert host.request("PATCH", begun, b"again").status_code == 416
    assert host.finish(latest, digest_of(b"first")).status_code == 201


def test_without_create_the_start_warns_that_only_one_host_may_serve(
    driver: StorageDriver, caplog: pytest.LogCaptureFixture
) -> None:
    Process(Uncreating(driver))
    assert "only one host may serve it" in caplog.text


def test_two_pushes_of_one_blob_at_the_same_time_both_succeed(host: Process, other: Process) -> None:
    data = content(100_000)

    def push(process: Process) -> None:
        process.push_blob("app", data)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(push, [host, other] * 10))
    assert host.blob("app", digest_of(data)).content == data


def test_a_push_with_the_registry_api_returns_the_size(host: Process) -> None:
    data = content(1000)
    committed = host.registry.uploads.push("app", Body(BytesIO(data), None), parse_digest(digest_of(data)))
    assert (str(committed.digest), committed.size) == (digest_of(data), 1000)


def test_concurrent_commits_of_one_upload_result_in_one_complete_blob(host: Process, other: Process) -> None:
    for number in range(20):
        data = content(5000) + bytes([number])
        location = host.patch(host.start("app"), data)

        def commit(process: Process, location: str = location, digest: str = digest_of(data)) -> int:
            return process.finish(location, digest).status_code

        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(commit, [host, other]))
        assert 201 in answers
        assert set(answers) <= {201, 404}
        assert host.blob("app", digest_of(data)).content == data


class InParts(CountingDriver):
    """Writes parts of 48 bytes best, and notes the size of each append."""

    def __init__(self, wrapped: StorageDriver) -> None:
        super().__init__(wrapped)
        self.sizes: list[int] = []

    @property
    def capabilities(self) -> Capabilities:
        return replace(self.wrapped.capabilities, part_size_hint=48)

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        after = super().upload_append(state, data)
        self.sizes.append(after.size - state.size)
        return after


@pytest.mark.parametrize(("limit", "size"), [(20, 20), (48, 48), (100, 96)])
def test_slices_are_multiples_of_the_parts_of_the_driver(limit: int, size: int) -> None:
    driver = InParts(memory())
    host = Process(driver, replace(QUIET, upload_slice=limit, upload_held=0))
    data = content(300)
    host.finish(host.patch(host.start("app"), data), digest_of(data), b"")
    assert driver.sizes[:3] == [size] * 3
    assert host.blob("app", digest_of(data)).content == data
