"""A deletion on one host takes effect on the other immediately, although each host caches what it has served."""

from __future__ import annotations

import pytest
from support.content import digest_of
from support.images import package, random_files
from support.push import missing_parts, push_image

from .pair import Hosts

# Six cover both directions with both sizes of blobs.
ROUNDS = [*range(6), *(pytest.param(number, marks=pytest.mark.soak) for number in range(6, 10))]


@pytest.mark.parametrize("number", ROUNDS)
def test_a_manifest_deleted_on_one_host_is_absent_on_the_other(hosts: Hosts, repository: str, number: int) -> None:
    here, there = hosts.both if number % 2 else hosts.both[::-1]
    image = package(random_files(repository, 1000))
    push_image(here.wire, repository, image, "v1", "v2")
    assert missing_parts(there.wire, repository, image, "v1", "v2") == []

    assert here.wire.request("DELETE", f"/v2/{repository}/manifests/{image.digest}").status == 202

    for reference in (image.digest, "v1", "v2"):
        assert there.wire.manifest(repository, reference).status == 404
        assert there.wire.manifest(repository, reference, "HEAD").status == 404
    listed = there.wire.request("GET", f"/v2/{repository}/tags/list")
    assert (listed.status, listed.json()) == (200, {"name": repository, "tags": []}), "it is still served"
    assert repository in there.wire.catalog()


@pytest.mark.parametrize("number", ROUNDS)
def test_a_tag_deleted_or_moved_on_one_host_changes_on_the_other(hosts: Hosts, repository: str, number: int) -> None:
    here, there = hosts.both if number % 2 else hosts.both[::-1]
    image, other = (package(random_files(f"{repository} {seed}", 500)) for seed in range(2))
    push_image(here.wire, repository, image, "v1", "v2")
    push_image(there.wire, repository, other)
    assert there.wire.manifest(repository, "v1").body == image.manifest

    assert here.wire.request("DELETE", f"/v2/{repository}/manifests/v1").status == 202
    assert there.wire.manifest(repository, "v1").status == 404
    assert there.wire.tags(repository) == ["v2"]

    assert here.wire.push_manifest(repository, "v2", other.manifest).status == 201
    assert there.wire.manifest(repository, "v2").body == other.manifest
    assert there.wire.manifest(repository, image.digest).body == image.manifest


@pytest.mark.parametrize("number", ROUNDS)
def test_a_blob_deleted_on_one_host_is_absent_on_the_other(hosts: Hosts, repository: str, number: int) -> None:
    here, there = hosts.both if number % 2 else hosts.both[::-1]
    (data,) = random_files(repository, 300_000 if number % 3 else 20)
    target = f"/v2/{repository}/blobs/{digest_of(data)}"
    assert here.wire.push_blob(repository, data).status == 201
    assert there.wire.hash_of(target) == digest_of(data)

    assert here.wire.request("DELETE", target).status == 202
    assert there.wire.request("GET", target).status == 404
    assert there.wire.request("HEAD", target).status == 404
    assert there.wire.request("GET", target, headers={"Range": "bytes=0-1"}).status == 404

    assert there.wire.push_blob(repository, data).status == 201
    assert here.wire.hash_of(target) == digest_of(data)
