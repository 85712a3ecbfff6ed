"""Uploads with failures, and the objects that they leave behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import boto3
import pytest
from support.proxies.fault_proxy import FaultProxy
from support.services.s3 import S3Server, s3_options

from entrepot_contract import Unavailable, UploadUnknown
from entrepot_contract.testing.storage.content import body, pieces, read_back, upload
from entrepot_storage_s3 import S3Driver

from .conftest import OpenDriver

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 2**20
Left = Callable[[], tuple[list[str], list[str]]]


@pytest.fixture(params=["ceph", "moto"])
def server(request: pytest.FixtureRequest) -> S3Server:
    """One of each kind: on Ceph, a multipart upload ends an upload, and on moto, a conditional write."""
    running: S3Server = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def options(server: S3Server) -> dict[str, object]:
    return s3_options(server)


@pytest.fixture
def proxy(server: S3Server) -> Iterator[FaultProxy]:
    with FaultProxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def client(server: S3Server) -> Iterator[S3Client]:
    """The SDK's client."""
    made = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )
    with closing(made) as client:
        yield client


@pytest.fixture
def left(client: S3Client, options: dict[str, object]) -> Left:
    """A function that returns the names of all objects and of all multipart uploads in the bucket."""

    def look() -> tuple[list[str], list[str]]:
        bucket = str(options["bucket"])
        objects = client.list_objects_v2(Bucket=bucket).get("Contents", [])
        parts = client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        asked = (".entrepot/create", ".entrepot/order/")
        kept = [found["Key"] for found in objects if not found["Key"].startswith(asked)]
        return kept, [found["Key"] for found in parts]

    return look


@pytest.mark.parametrize("sizes", [[0], [1], [5 * MIB], [12 * MIB], [1, 6 * MIB, 1, 1], [11 * MIB, 5 * MIB - 1, 2]])
def test_a_commit_leaves_only_the_object(driver: S3Driver, left: Left, sizes: list[int]) -> None:
    state, whole = driver.upload_start("a/k"), b""
    for number, size in enumerate(sizes):
        state = driver.upload_append(state, pieces(body(size, seed=number)))
        whole += body(size, seed=number)
    driver.upload_commit(state, target="b/target")
    assert read_back(driver, "b/target") == whole
    assert left() == (["b/target"], [])


@pytest.mark.parametrize("threshold", [0, 2**30])
@pytest.mark.parametrize("chunk", [5 * MIB, 32 * MIB])
def test_large_objects_are_copied_in_parts_and_at_once(open_driver: OpenDriver, threshold: int, chunk: int) -> None:
    driver = open_driver(multipartcopythresholdsize=threshold, multipartcopychunksize=chunk)
    data = body(13 * MIB + 7)
    upload(driver, "a/k", data)
    driver.move("a/k", "b/k")
    assert read_back(driver, "b/k") == data
    assert driver.stat("b/k").size == len(data)


def test_an_abort_leaves_nothing_even_of_a_killed_process(
    driver: S3Driver, left: Left, client: S3Client, options: dict[str, object]
) -> None:
    state = driver.upload_append(driver.upload_start("a/k"), pieces(body(6 * MIB)))
    driver.upload_append(state, [b"more"])
    state = driver.upload_append(state, [b"again, which overtakes more"])
    folder = json.loads(state.token)[0]
    place = {"Bucket": str(options["bucket"]), "Key": f"{folder}killed"}
    upload_id = client.create_multipart_upload(Bucket=place["Bucket"], Key=place["Key"])["UploadId"]
    client.upload_part(Bucket=place["Bucket"], Key=place["Key"], UploadId=upload_id, PartNumber=1, Body=b"x" * MIB)
    assert f"{folder}killed" in left()[1]
    driver.upload_abort(state)
    assert left() == ([], [])


def test_an_older_state_is_committed_after_longer_ones(driver: S3Driver, left: Left) -> None:
    base = driver.upload_append(driver.upload_start("a/k"), pieces(body(11 * MIB)))
    longer = driver.upload_append(base, pieces(body(16 * MIB, seed=1)))
    driver.upload_append(longer, [b"more"])
    driver.upload_commit(base)
    assert read_back(driver, "a/k") == body(11 * MIB)
    assert left() == (["a/k"], [])


def test_a_small_tail_is_not_read_again_in_the_process_that_wrote_it(
    open_driver: OpenDriver, proxy: FaultProxy
) -> None:
    first, second = open_driver(), open_driver()
    state = first.upload_append(first.upload_start("a/k"), [b"tail"])
    proxy.clear()
    state = first.upload_append(state, [b" and more"])
    assert [method for method, target, _ in proxy.requests if method == "GET" and "uploadId" not in target] == []
    state = second.upload_append(state, [b", elsewhere"])
    second.upload_commit(state)
    assert read_back(first, "a/k") == b"tail and more, elsewhere"


def is_end(method: str, target: str) -> bool:
    return (method == "POST" and "life?uploadId=" in target) or (method == "PUT" and target.endswith("/life"))


def is_copy(method: str, target: str) -> bool:
    return method == "PUT" and target.endswith("/a/k")


@pytest.mark.parametrize("appends", [0, 1, 2])
def test_a_commit_whose_response_is_lost_succeeds(
    driver: S3Driver, proxy: FaultProxy, left: Left, appends: int
) -> None:
    state = driver.upload_start("a/k")
    for _ in range(appends):
        state = driver.upload_append(state, [b"content"])
    proxy.drop(matching=is_end, times=1)
    driver.upload_commit(state)
    assert read_back(driver, "a/k") == b"content" * appends
    assert left() == (["a/k"], [])


def test_an_interrupted_commit_is_finished_by_the_next(open_driver: OpenDriver, proxy: FaultProxy, left: Left) -> None:
    first, second = open_driver(), open_driver()
    state = first.upload_append(first.upload_start("a/k"), [b"content"])
    overtaken = first.upload_start("a/k")
    proxy.answer(500, matching=is_copy)
    with pytest.raises(Unavailable):
        first.upload_commit(state)
    proxy.heal()
    second.upload_commit(state)
    assert read_back(second, "a/k") == b"content"
    with pytest.raises(UploadUnknown):
        first.upload_commit(state)
    second.upload_abort(overtaken)
    assert left() == (["a/k"], [])


def test_an_append_whose_last_response_is_lost_succeeds(driver: S3Driver, proxy: FaultProxy, left: Left) -> None:
    proxy.drop(matching=lambda method, target: method == "POST" and "uploadId=" in target, times=1)
    upload(driver, "a/k", body(11 * MIB))
    assert read_back(driver, "a/k") == body(11 * MIB)
    assert left() == (["a/k"], [])


@pytest.mark.parametrize("ended", ["commit", "abort"])
def test_no_state_of_an_ended_upload_can_be_used(open_driver: OpenDriver, left: Left, ended: str) -> None:
    first, second = open_driver(), open_driver()
    start = first.upload_start("a/k")
    state = first.upload_append(start, [b"content"])
    if ended == "commit":
        first.upload_commit(state)
    else:
        first.upload_abort(state)
    for late in (start, state):
        with pytest.raises(UploadUnknown):
            second.upload_append(late, [b"more"])
        with pytest.raises(UploadUnknown):
            second.upload_commit(late)
    assert left() == (["a/k"] if ended == "commit" else [], [])


def test_an_append_whose_record_response_is_lost_succeeds(
    open_driver: OpenDriver, proxy: FaultProxy, left: Left
) -> None:
    """Only the response is lost: the retry finds the record."""
    driver = open_driver()
    state = driver.upload_append(driver.upload_start("a/k"), [b"content"])
    proxy.drop(matching=lambda method, target: method == "PUT" and "/life" in target, times=1)
    driver.upload_commit(driver.upload_append(state, [b" and more"]))
    assert read_back(driver, "a/k") == b"content and more"
    assert left() == (["a/k"], [])


def test_a_late_append_does_not_affect_the_commit(open_driver: OpenDriver, proxy: FaultProxy, left: Left) -> None:
    first, second = open_driver(), open_driver()
    start = first.upload_start("a/k")
    state = first.upload_append(start, [b"content"])
    proxy.answer(500, matching=is_copy)
    with pytest.raises(Unavailable):
        first.upload_commit(state)
    proxy.heal()
    for late in (start, state):
        with pytest.raises(UploadUnknown):
            second.upload_append(late, pieces(body(6 * MIB)))
    first.upload_commit(state)
    assert read_back(second, "a/k") == b"content"
    assert left() == (["a/k"], [])
