"""Content stored by one registry is served by the other from the same directory, in both directions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.containers import Skopeo
from support.content import OCI_INDEX, digest_of
from support.images import OciLayout, package, random_files
from support.push import index_of, missing_parts, push_image
from support.services.distribution import distribution
from support.services.entrepot import entrepot
from support.services.programs import need
from support.services.registry import Registry, write_config

Pair = tuple[Registry, Registry]


@pytest.fixture(scope="module")
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Start Docker Distribution and entrepot for all tests, each of which has its own repositories and content."""
    need(request, "docker-registry")
    folder = tmp_path_factory.mktemp("one-directory")
    config = write_config(folder / "config.yml", folder / "data")
    with distribution(config, folder / "peer") as peer, entrepot(config, folder / "ours", server="granian") as ours:
        yield peer, ours
    shutil.rmtree(folder)


@pytest.fixture(params=["written by docker-registry", "written by entrepot"])
def pair(request: pytest.FixtureRequest, both: Pair) -> Pair:
    """Return the registry that writes and the one that reads."""
    peer, ours = both
    return both if request.param == "written by docker-registry" else (ours, peer)


def test_an_image_pushed_to_one_is_pulled_from_the_other(
    pair: Pair, repository: str, skopeo: Skopeo, folder: Path
) -> None:
    writer, reader = pair
    layout = OciLayout(folder / "mine")
    image = package(random_files(repository, 300_000, 2_000, 10))
    mine = layout.add("v1", image)
    skopeo.copy(mine, f"docker://{writer.address}/{repository}:oci")
    skopeo.copy(mine, f"docker://{writer.address}/{repository}:docker", "--format=v2s2")

    for tag in ("oci", "docker"):
        skopeo.copy(f"docker://{reader.address}/{repository}:{tag}", f"dir:{folder}/{tag}")
        assert writer.wire.manifest(repository, tag).body == (folder / tag / "manifest.json").read_bytes()
    assert missing_parts(reader.wire, repository, image, "oci") == []


def test_both_respond_identically_for_every_manifest(pair: Pair, repository: str) -> None:
    writer, reader = pair
    image = package(random_files(repository, 100))
    push_image(writer.wire, repository, image, "v1")

    for reference in ("v1", image.digest, "missing"):
        for method in ("GET", "HEAD"):
            answers = [registry.wire.manifest(repository, reference, method) for registry in (writer, reader)]
            assert answers[0].status == answers[1].status
            assert answers[0].body == answers[1].body or reference == "missing"
            for header in ("content-type", "content-length", "docker-content-digest", "etag"):
                if reference != "missing":
                    assert answers[0].headers[header] == answers[1].headers[header]


def test_an_index_and_its_children_are_served_by_both(
    pair: Pair, repository: str, skopeo: Skopeo, folder: Path
) -> None:
    writer, reader = pair
    children = {
        name: package(random_files(f"{repository} {name}", 5_000), architecture=name) for name in ("amd64", "arm64")
    }
    layout = OciLayout(folder / "mine")
    skopeo.copy(layout.add_index("both", children), f"docker://{writer.address}/{repository}:both", "--all")

    skopeo.copy(f"docker://{reader.address}/{repository}:both", f"dir:{folder}/back", "--all")

    answer = reader.wire.manifest(repository, "both")
    assert answer.headers["content-type"] == OCI_INDEX
    assert (
        answer.body == (folder / "back" / "manifest.json").read_bytes() == writer.wire.manifest(repository, "both").body
    )
    assert [entry["digest"] for entry in json.loads(answer.body)["manifests"]] == [
        child.digest for child in children.values()
    ]
    for child in children.values():
        assert missing_parts(reader.wire, repository, child) == []


def test_tag_lists_and_the_catalog_agree(peer: Registry, ours: Registry) -> None:
    image = package(random_files("lists", 100))
    for number, repository in enumerate(("zoo", "a/z", "a/b/c", "a-b", "a")):
        push_image((peer, ours)[number % 2].wire, repository, image, "v1", "v10", "v2", "A_tag")
        push_image((ours, peer)[number % 2].wire, repository, image, f"late{number}")

    assert peer.wire.catalog() == ours.wire.catalog() == ["a", "a-b", "a/b/c", "a/z", "zoo"]
    for repository in ours.wire.catalog():
        assert peer.wire.tags(repository) == ours.wire.tags(repository)
        assert len(ours.wire.tags(repository)) == 5


def test_a_tag_moved_in_one_is_moved_in_the_other(pair: Pair, repository: str) -> None:
    writer, reader = pair
    first, second = (package(random_files(f"{repository} {name}", 200)) for name in ("first", "second"))
    push_image(reader.wire, repository, first, "latest")
    assert missing_parts(writer.wire, repository, first, "latest") == []

    push_image(writer.wire, repository, second, "latest")

    assert missing_parts(reader.wire, repository, second, "latest") == []
    assert missing_parts(reader.wire, repository, first) == []


def test_a_manifest_deleted_in_one_is_absent_in_the_other_with_its_tags(pair: Pair, repository: str) -> None:
    deleter, other = pair
    gone, kept = (package(random_files(f"{repository} {name}", 300)) for name in ("gone", "kept"))
    push_image(other.wire, repository, gone, "v1", "v2")
    push_image(deleter.wire, repository, kept, "v3")
    assert missing_parts(deleter.wire, repository, gone, "v1", "v2") == []

    assert deleter.wire.manifest(repository, gone.digest, "DELETE").status == 202

    for registry in (deleter, other):
        assert [registry.wire.manifest(repository, name).status for name in (gone.digest, "v1", "v2")] == [404] * 3
        assert registry.wire.tags(repository) == ["v3"]
        assert missing_parts(registry.wire, repository, kept, "v3") == []


def test_a_blob_deleted_in_one_is_absent_in_the_other(pair: Pair, repository: str) -> None:
    deleter, other = pair
    blob = f"a blob of both in {repository}".encode()
    target = f"/v2/{repository}/blobs/{digest_of(blob)}"
    assert other.wire.push_blob(repository, blob).status == 201
    assert deleter.wire.blob(repository, digest_of(blob)).body == blob

    assert deleter.wire.request("DELETE", target).status == 202

    assert [registry.wire.request("HEAD", target).status for registry in pair] == [404, 404]
    assert deleter.wire.push_blob(repository, blob).status == 201
    assert other.wire.blob(repository, digest_of(blob)).body == blob


def test_a_tag_deleted_in_entrepot_is_absent_in_docker_registry(both: Pair, repository: str) -> None:
    peer, ours = both
    image = package(random_files(repository, 300))
    push_image(peer.wire, repository, image, "v1", "v2")

    assert ours.wire.manifest(repository, "v1", "DELETE").status == 202

    for registry in (peer, ours):
        assert registry.wire.manifest(repository, "v1").status == 404
        assert registry.wire.tags(repository) == ["v2"]
        assert missing_parts(registry.wire, repository, image, "v2") == []


def test_a_blob_of_one_is_mounted_by_the_other(pair: Pair, repository: str) -> None:
    writer, mounter = pair
    blob = f"mounted across {repository}".encode()
    assert writer.wire.push_blob(f"{repository}/from", blob).status == 201

    query = f"mount={digest_of(blob)}&from={repository}/from"
    assert mounter.wire.request("POST", f"/v2/{repository}/to/blobs/uploads/?{query}").status == 201

    assert writer.wire.blob(f"{repository}/to", digest_of(blob)).body == blob


def test_an_index_pushed_to_one_can_reference_images_pushed_to_the_other(pair: Pair, repository: str) -> None:
    writer, other = pair
    child = package(random_files(repository, 50))
    push_image(other.wire, repository, child)
    index = index_of(child)

    answer = writer.wire.request("PUT", f"/v2/{repository}/manifests/all", index, {"Content-Type": OCI_INDEX})

    assert answer.status == 201, answer
    assert other.wire.manifest(repository, "all").body == index
