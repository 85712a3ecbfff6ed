"""One upload whose requests are handled by two hosts that share only the storage."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import BytesIO
from threading import Barrier

import pytest
from falcon.testing import Result
from host.tests.registry.wrappers import Sharing
from host.tests.storage.counting import CountingDriver
from support.content import digest_of
from support.host import QUIET, Process, keys_of, path_of

from entrepot_contract import StorageDriver

FIRST, SECOND = b"the first chunk, ", b"the second"
WHOLE = FIRST + SECOND
DIGEST = digest_of(WHOLE)
BLOB = f"docker/registry/v2/blobs/sha256/{DIGEST[7:9]}/{DIGEST[7:]}/data"
LINK = f"docker/registry/v2/repositories/app/_layers/sha256/{DIGEST[7:]}/link"


@dataclass
class Hosts:
    driver: CountingDriver
    a: Process
    b: Process


@pytest.fixture(params=[0, len(FIRST), 1000], ids=["nothing held", "first held", "all held"])
def held(request: pytest.FixtureRequest) -> int:
    """Number of bytes held in the upload's record; those beyond it are sent to the driver."""
    size: int = request.param
    return size


@pytest.fixture
def hosts(driver: StorageDriver, held: int) -> Hosts:
    counting = Sharing(driver)
    settings = replace(QUIET, upload_held=held)
    return Hosts(counting, Process(counting, settings), Process(counting, settings))


def code_of(answer: Result) -> str:
    return str(answer.json["errors"][0]["code"])


def test_patch_on_one_host_and_put_on_the_other_reads_no_data_back(hosts: Hosts, held: int) -> None:
    location = hosts.a.patch(hosts.a.patch(hosts.a.start("app"), FIRST), SECOND)
    hosts.driver.reset()
    assert hosts.b.finish(location, DIGEST).status_code == 201
    written = {"stat": 1, "put": 2} if held >= len(WHOLE) else {"upload_commit": 1, "put": 1}
    assert dict(hosts.driver.calls) == {"read": 1, "delete": 1, **written}
    assert hosts.a.blob("app", DIGEST).content == WHOLE
    assert keys_of(hosts.driver) == [BLOB, LINK]


def test_chunks_on_different_hosts_are_committed_after_reading_them_back(hosts: Hosts) -> None:
    location = hosts.b.patch(hosts.a.patch(hosts.a.start("app"), FIRST), SECOND)
    assert hosts.a.finish(location, DIGEST).status_code == 201
    assert hosts.b.blob("app", DIGEST).content == WHOLE
    assert keys_of(hosts.driver) == [BLOB, LINK]


def test_after_a_last_chunk_in_the_put_on_the_other_host_the_data_is_read_back(hosts: Hosts) -> None:
    location = hosts.a.patch(hosts.a.start("app"), FIRST)
    assert hosts.b.finish(location, DIGEST, SECOND).status_code == 201
    assert hosts.a.blob("app", DIGEST).content == WHOLE
    assert keys_of(hosts.driver) == [BLOB, LINK]


@pytest.mark.parametrize("on_both", [False, True])
def test_a_wrong_digest_leaves_nothing_and_ends_the_upload_everywhere(hosts: Hosts, on_both: bool) -> None:
    location = hosts.a.patch(hosts.a.start("app"), FIRST)
    location = (hosts.b if on_both else hosts.a).patch(location, SECOND)
    wrong = digest_of(b"others")
    refused = hosts.b.finish(location, wrong)
    assert (refused.status_code, code_of(refused)) == (400, "DIGEST_INVALID")
    assert refused.json["errors"][0]["detail"] == {"expected": wrong, "received": DIGEST}
    assert keys_of(hosts.driver) == []
    for host in (hosts.a, hosts.b):
        assert host.blob("app", wrong).status_code == 404
        assert host.blob("app", DIGEST).status_code == 404
        for answer in (host.request("GET", location), host.request("PATCH", location, b"more")):
            assert (answer.status_code, code_of(answer)) == (404, "BLOB_UPLOAD_UNKNOWN")
        assert host.finish(location, DIGEST).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_stale_location_is_rejected_and_the_upload_continues_from_the_latest(hosts: Hosts, method: str) -> None:
    stale = hosts.a.patch(hosts.a.start("app"), b"")
    stale = hosts.a.patch(stale, FIRST)
    hosts.b.patch(stale, SECOND)
    for host in (hosts.a, hosts.b):
        refused = host.request(method, f"{stale}&digest={DIGEST}", b"a repetition")
        assert (refused.status_code, code_of(refused)) == (416, "RANGE_INVALID")
        assert refused.headers["range"] == f"0-{len(WHOLE) - 1}"
        latest = path_of(refused.headers["location"] or "")
        status = host.request("GET", stale)
        assert (status.status_code, status.headers["range"]) == (204, refused.headers["range"])
    assert hosts.a.finish(latest, DIGEST).status_code == 201
    assert hosts.b.blob("app", DIGEST).content == WHOLE


def test_of_two_first_chunks_on_two_hosts_one_wins(hosts: Hosts) -> None:
    contents = {hosts.a: b"from a", hosts.b: b"from b, longer"}
    for _ in range(20):
        location, together = hosts.a.start("app"), Barrier(2)

        class Late(BytesIO):
            """Both requests are in progress before either sends a byte."""

            def read(self, size: int | None = -1, /, together: Barrier = together) -> bytes:
                if self.tell() == 0 and not together.broken and together.n_waiting < 2:
                    together.wait(5)
                return super().read(size)

        def send(host: Process, location: str = location, late: type[BytesIO] = Late) -> Result:
            data = contents[host]
            return host.request("PATCH", location, late(data), length=len(data))

        with ThreadPoolExecutor(2) as threads:
            answers = dict(zip(contents, threads.map(send, contents), strict=True))
        assert sorted(answer.status_code for answer in answers.values()) == [202, 416]
        winner = next(host for host, answer in answers.items() if answer.status_code == 202)
        latest = path_of(answers[winner].headers["location"] or "")
        digest = digest_of(contents[winner])
        assert hosts.b.finish(latest, digest).status_code == 201
        assert hosts.a.blob("app", digest).content == contents[winner]


def test_cancelling_on_one_host_ends_the_upload_on_the_other(hosts: Hosts) -> None:
    location = hosts.a.patch(hosts.a.start("app"), FIRST)
    assert hosts.b.request("DELETE", location).status_code == 204
    assert hosts.a.request("PATCH", location, SECOND).status_code == 404
    assert hosts.a.finish(location, digest_of(FIRST)).status_code == 404
    assert keys_of(hosts.driver) == []


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_an_upload_cancelled_on_one_host_before_its_first_byte_is_unknown_to_the_other(
    driver: StorageDriver, method: str
) -> None:
    a, b = Process(Sharing(driver)), Process(Sharing(driver))
    location = a.start("app")
    assert b.request("DELETE", location).status_code == 204
    refused = a.request(method, f"{location}&digest={DIGEST}", WHOLE)
    assert (refused.status_code, code_of(refused)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert keys_of(driver) == []


def test_a_cancelled_upload_of_an_existing_blob_is_unknown(driver: StorageDriver) -> None:
    a, b = Process(Sharing(driver)), Process(Sharing(driver))
    b.push_blob("other", WHOLE)
    location = a.patch(a.start("app"), WHOLE)
    assert b.request("DELETE", location).status_code == 204
    assert a.finish(location, DIGEST).status_code == 404
    assert a.blob("app", DIGEST).status_code == 404


def test_an_upload_of_another_repository_is_unknown(hosts: Hosts) -> None:
    location = hosts.a.start("app")
    for host in (hosts.a, hosts.b):
        answer = host.request("GET", location.replace("/app/", "/other/"))
        assert (answer.status_code, code_of(answer)) == (404, "BLOB_UPLOAD_UNKNOWN")
        patched = host.request("PATCH", location.replace("/app/", "/other/"), FIRST)
        assert (patched.status_code, code_of(patched)) == (404, "BLOB_UPLOAD_INVALID")


@pytest.mark.parametrize("announced", [False, True])
@pytest.mark.parametrize("same_host", [False, True])
def test_a_sha512_blob_is_verified_with_or_without_announcement(
    hosts: Hosts, announced: bool, same_host: bool, held: int
) -> None:
    location = hosts.a.patch(hosts.a.start("app", "?digest-algorithm=sha512" if announced else ""), WHOLE)
    host = hosts.a if same_host else hosts.b
    digest = f"sha512:{hashlib.sha512(WHOLE).hexdigest()}"
    hosts.driver.reset()
    assert host.finish(location, digest).status_code == 201
    read_back = not announced and held < len(WHOLE)
    assert ("move" in hosts.driver.calls) == read_back, "only an unannounced one that is not held is read back"
    pulled = hosts.b.blob("app", digest)
    assert (pulled.content, pulled.headers["docker-content-digest"]) == (WHOLE, digest)
    assert len(keys_of(hosts.driver)) == 2


def test_a_wrong_unannounced_sha512_leaves_nothing(hosts: Hosts) -> None:
    location = hosts.a.patch(hosts.a.start("app"), WHOLE)
    refused = hosts.a.finish(location, f"sha512:{hashlib.sha512(FIRST).hexdigest()}")
    assert (refused.status_code, code_of(refused)) == (400, "DIGEST_INVALID")
    assert keys_of(hosts.driver) == []


@pytest.mark.parametrize("rest", [b"", b", and its end"])
@pytest.mark.parametrize("late", ["a", "b"])
def test_a_put_to_the_first_location_is_rejected_and_the_upload_can_continue(
    hosts: Hosts, late: str, rest: bytes
) -> None:
    first = hosts.a.start("app")
    second = hosts.a.patch(first, b"the beginning")
    whole = b"the beginning" + rest
    host: Process = getattr(hosts, late)
    answer = host.finish(first, digest_of(whole), rest)
    assert answer.status_code == 416
    assert answer.headers["range"] == "0-12"
    assert hosts.b.finish(second, digest_of(whole), rest).status_code == 201
    assert hosts.a.blob("app", digest_of(whole)).content == whole
    assert not [key for key in keys_of(hosts.driver) if key.startswith("entrepot/")]
