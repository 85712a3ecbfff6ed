"""Tags that are pushed and deleted concurrently, and repositories without any tags."""

from __future__ import annotations

import pytest
from host.tests.registry.wrappers import Interrupted
from support.content import digest_of, encoded, image, index
from support.host import Process, memory

from entrepot.registry import layout
from entrepot.registry.names import parse_digest
from entrepot_contract import StorageDriver

CONTENT, OTHER = encoded(index()), encoded(index(annotations={"a": "b"}))
DIGEST = parse_digest(digest_of(CONTENT))


@pytest.fixture
def driver() -> Interrupted:
    return Interrupted(memory())


def status(host: Process, reference: object, method: str = "GET") -> int:
    return host.request(method, f"/v2/app/manifests/{reference}").status_code


def tags(host: Process) -> object:
    answer = host.request("GET", "/v2/app/tags/list")
    assert answer.status_code == 200, answer.text
    return answer.json["tags"]


def test_a_tag_pushed_during_the_deletion_of_its_manifest_is_deleted(
    host: Process, other: Process, driver: Interrupted
) -> None:
    host.push_manifest("app", "one", CONTENT)
    driver.key = layout.revision("app", DIGEST)
    driver.before = lambda: other.push_manifest("app", "two", CONTENT)
    assert status(host, DIGEST, "DELETE") == 202
    assert (status(host, "two"), status(host, DIGEST), tags(host)) == (404, 404, [])


def test_a_tag_that_is_moved_while_its_manifest_is_deleted_stays(
    host: Process, other: Process, driver: Interrupted
) -> None:
    host.push_manifest("app", "one", CONTENT)
    # The history of the tag is deleted after the last look at its link.
    driver.key = layout.tag_index("app", "one", DIGEST)
    driver.before = lambda: other.push_manifest("app", "one", OTHER)
    assert status(host, DIGEST, "DELETE") == 202
    assert (status(host, "one"), status(host, digest_of(OTHER)), tags(host)) == (200, 200, ["one"])
    assert host.request("GET", "/v2/app/manifests/one").content == OTHER


def test_a_deletion_interrupted_before_its_last_check_of_the_tags_can_be_repeated(
    host: Process, driver: StorageDriver
) -> None:
    host.push_manifest("app", "one", CONTENT)
    driver.delete([layout.revision("app", DIGEST)])
    assert (status(host, "one"), status(host, DIGEST)) == (200, 404)
    assert status(host, DIGEST, "DELETE") == 202
    assert (status(host, "one"), tags(host)) == (404, [])
    assert status(host, DIGEST, "DELETE") == 404


def test_a_push_whose_revision_was_deleted_concurrently_writes_it_again(
    host: Process, other: Process, driver: Interrupted
) -> None:
    host.push_manifest("app", "one", CONTENT)
    put, key = driver.put, layout.tag_current("app", "two")

    def put_late(written: str, *args: object, **kwargs: object) -> object:
        if written == key and driver.calls["late"] == 0:
            driver.calls["late"] += 1
            assert status(other, DIGEST, "DELETE") == 202
        return put(written, *args, **kwargs)  # type: ignore[arg-type]  # passed through

    driver.put = put_late  # type: ignore[assignment, method-assign]  # the deletion happens between two writes
    host.push_manifest("app", "two", CONTENT)
    assert (status(host, "two"), status(host, DIGEST), tags(host)) == (200, 200, ["two"])


def test_a_push_whose_tag_was_deleted_concurrently_writes_it_again(
    host: Process, other: Process, driver: Interrupted
) -> None:
    host.push_manifest("app", "one", CONTENT)
    put, key = driver.put, layout.tag_index("app", "one", parse_digest(digest_of(OTHER)))

    def put_late(written: str, *args: object, **kwargs: object) -> object:
        if written == key and driver.calls["late"] == 0:
            driver.calls["late"] += 1
            assert status(other, "one", "DELETE") == 202
        return put(written, *args, **kwargs)  # type: ignore[arg-type]  # passed through

    driver.put = put_late  # type: ignore[assignment, method-assign]  # the deletion happens between two writes
    host.push_manifest("app", "one", OTHER)
    assert host.request("GET", "/v2/app/manifests/one").content == OTHER
    assert tags(host) == ["one"]


def test_history_written_during_the_deletion_of_its_tag_is_deleted(host: Process, driver: Interrupted) -> None:
    host.push_manifest("app", "one", CONTENT)
    driver.key = layout.tag_current("app", "one")
    driver.after = lambda: driver.put(layout.tag_index("app", "one", DIGEST), str(DIGEST).encode())
    assert status(host, "one", "DELETE") == 202
    assert (tags(host), status(host, "one", "DELETE")) == ([], 404)


def test_a_tag_changed_while_its_old_manifest_is_deleted_is_kept(
    host: Process, other: Process, driver: Interrupted
) -> None:
    # The tags are removed in groups of 64, and the last one is checked again only after the first group.
    for number in range(65):
        host.push_manifest("app", f"t{number:02}", CONTENT)
    driver.key = layout.tag_index("app", "t00", DIGEST)
    driver.before = lambda: other.push_manifest("app", "t64", OTHER)
    assert status(host, DIGEST, "DELETE") == 202
    assert tags(host) == ["t64"]
    assert host.request("GET", "/v2/app/manifests/t64").content == OTHER


def test_a_tag_with_only_its_history_can_be_deleted(host: Process, driver: StorageDriver) -> None:
    host.push_manifest("app", "one", CONTENT)
    driver.delete([layout.tag_current("app", "one")])
    assert (tags(host), status(host, "one")) == (["one"], 404), "as in Distribution"
    assert status(host, "one", "DELETE") == 202
    assert (tags(host), status(host, "one", "DELETE")) == ([], 404)


def test_a_referrer_pushed_while_it_is_deleted_is_listed_or_deleted(
    host: Process, other: Process, driver: Interrupted
) -> None:
    fields = index(subject={"mediaType": "application/json", "digest": str(DIGEST), "size": 1})
    content = encoded(fields)
    digest = host.push_manifest("app", "one", content)
    driver.key = layout.referrer("app", DIGEST, parse_digest(digest))
    driver.before = lambda: other.push_manifest("app", "two", content)
    assert status(host, digest, "DELETE") == 202
    assert status(host, digest) == 200
    listed = host.request("GET", f"/v2/app/referrers/{DIGEST}").json["manifests"]
    assert [entry["digest"] for entry in listed] == [digest]


@pytest.mark.parametrize("reference", [str(DIGEST), "one"])
def test_a_repository_is_known_after_its_last_manifest_was_deleted(
    host: Process, other: Process, driver: StorageDriver, reference: str
) -> None:
    host.push_manifest("app", "one", CONTENT)
    if reference == "one":
        # Only a tag is left of it.
        driver.delete([layout.revision("app", DIGEST)])
    assert status(host, reference, "DELETE") == 202
    for process in (host, other):
        assert tags(process) == []
        assert process.request("GET", "/v2/_catalog").json == {"repositories": ["app"]}
    host.push_manifest("app", "one", CONTENT)
    assert tags(host) == ["one"]


def test_a_repository_that_has_only_blobs_has_an_empty_list_of_tags(host: Process) -> None:
    digest = host.push_blob("app", b"layer")
    assert tags(host) == []
    assert host.request("GET", "/v2/_catalog").json == {"repositories": []}, "as in Distribution"
    assert host.request("DELETE", f"/v2/app/blobs/{digest}").status_code == 202
    assert host.request("GET", "/v2/app/tags/list").status_code == 404


def test_a_prefix_of_repositories_is_not_a_repository(host: Process) -> None:
    host.push_blob("app/inside", b"{}")
    host.push_manifest("app/inside", "one", image())
    assert host.request("GET", "/v2/app/tags/list").status_code == 404
