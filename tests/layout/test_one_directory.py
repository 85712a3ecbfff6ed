"""Content stored by one registry is served by the other from the same directory, in both directions."""

from __future__ import annotations

import json
from pathlib import Path

from support.containers import Skopeo
from support.content import OCI_INDEX, digest_of
from support.images import OciLayout, package, random_files
from support.push import index_of, missing_parts, push_image
from support.services.registry import Registry

Pair = tuple[Registry, Registry]


def test_an_image_pushed_to_one_is_pulled_from_the_other(pair: Pair, skopeo: Skopeo, folder: Path) -> None:
    writer, reader = pair
    layout = OciLayout(folder / "mine")
    image = package(random_files("one directory", 300_000, 2_000, 10))
    mine = layout.add("v1", image)
    skopeo.copy(mine, f"docker://{writer.address}/team/app:oci")
    skopeo.copy(mine, f"docker://{writer.address}/team/app:docker", "--format=v2s2")

    for tag in ("oci", "docker"):
        skopeo.copy(f"docker://{reader.address}/team/app:{tag}", f"dir:{folder}/{tag}")
        assert writer.wire.manifest("team/app", tag).body == (folder / tag / "manifest.json").read_bytes()
    assert missing_parts(reader.wire, "team/app", image, "oci") == []


def test_both_respond_identically_for_every_manifest(pair: Pair) -> None:
    writer, reader = pair
    image = package(random_files("same", 100))
    push_image(writer.wire, "a/b/c", image, "v1")

    for reference in ("v1", image.digest, "missing"):
        for method in ("GET", "HEAD"):
            answers = [registry.wire.manifest("a/b/c", reference, method) for registry in (writer, reader)]
            assert answers[0].status == answers[1].status
            assert answers[0].body == answers[1].body or reference == "missing"
            for header in ("content-type", "content-length", "docker-content-digest", "etag"):
                if reference != "missing":
                    assert answers[0].headers[header] == answers[1].headers[header]


def test_an_index_and_its_children_are_served_by_both(pair: Pair, skopeo: Skopeo, folder: Path) -> None:
    writer, reader = pair
    children = {name: package(random_files(name, 5_000), architecture=name) for name in ("amd64", "arm64")}
    layout = OciLayout(folder / "mine")
    skopeo.copy(layout.add_index("both", children), f"docker://{writer.address}/multi:both", "--all")

    skopeo.copy(f"docker://{reader.address}/multi:both", f"dir:{folder}/back", "--all")

    answer = reader.wire.manifest("multi", "both")
    assert answer.headers["content-type"] == OCI_INDEX
    assert answer.body == (folder / "back" / "manifest.json").read_bytes() == writer.wire.manifest("multi", "both").body
    assert [entry["digest"] for entry in json.loads(answer.body)["manifests"]] == [
        child.digest for child in children.values()
    ]
    for child in children.values():
        assert missing_parts(reader.wire, "multi", child) == []


def test_tag_lists_and_the_catalog_agree(peer: Registry, ours: Registry) -> None:
    image = package(random_files("lists", 100))
    for number, repository in enumerate(("zoo", "a/z", "a/b/c", "a-b", "a")):
        push_image((peer, ours)[number % 2].wire, repository, image, "v1", "v10", "v2", "A_tag")
        push_image((ours, peer)[number % 2].wire, repository, image, f"late{number}")

    assert peer.wire.catalog() == ours.wire.catalog() == ["a", "a-b", "a/b/c", "a/z", "zoo"]
    for repository in ours.wire.catalog():
        assert peer.wire.tags(repository) == ours.wire.tags(repository)
        assert len(ours.wire.tags(repository)) == 5


def test_a_tag_moved_in_one_is_moved_in_the_other(pair: Pair) -> None:
    writer, reader = pair
    first, second = (package(random_files(name, 200)) for name in ("first", "second"))
    push_image(reader.wire, "moved", first, "latest")
    assert missing_parts(writer.wire, "moved", first, "latest") == []

    push_image(writer.wire, "moved", second, "latest")

    assert missing_parts(reader.wire, "moved", second, "latest") == []
    assert missing_parts(reader.wire, "moved", first) == []


def test_a_manifest_deleted_in_one_is_absent_in_the_other_with_its_tags(pair: Pair) -> None:
    deleter, other = pair
    gone, kept = (package(random_files(name, 300)) for name in ("gone", "kept"))
    push_image(other.wire, "app", gone, "v1", "v2")
    push_image(deleter.wire, "app", kept, "v3")
    assert missing_parts(deleter.wire, "app", gone, "v1", "v2") == []

    assert deleter.wire.manifest("app", gone.digest, "DELETE").status == 202

    for registry in (deleter, other):
        assert [registry.wire.manifest("app", name).status for name in (gone.digest, "v1", "v2")] == [404] * 3
        assert registry.wire.tags("app") == ["v3"]
        assert missing_parts(registry.wire, "app", kept, "v3") == []


def test_a_blob_deleted_in_one_is_absent_in_the_other(pair: Pair) -> None:
    deleter, other = pair
    blob = b"a blob of both"
    target = f"/v2/app/blobs/{digest_of(blob)}"
    assert other.wire.push_blob("app", blob).status == 201
    assert deleter.wire.blob("app", digest_of(blob)).body == blob

    assert deleter.wire.request("DELETE", target).status == 202

    assert [registry.wire.request("HEAD", target).status for registry in pair] == [404, 404]
    assert deleter.wire.push_blob("app", blob).status == 201
    assert other.wire.blob("app", digest_of(blob)).body == blob


def test_a_tag_deleted_in_entrepot_is_absent_in_docker_registry(peer: Registry, ours: Registry) -> None:
    image = package(random_files("untagged", 300))
    push_image(peer.wire, "app", image, "v1", "v2")

    assert ours.wire.manifest("app", "v1", "DELETE").status == 202

    for registry in (peer, ours):
        assert registry.wire.manifest("app", "v1").status == 404
        assert registry.wire.tags("app") == ["v2"]
        assert missing_parts(registry.wire, "app", image, "v2") == []


def test_a_blob_of_one_is_mounted_by_the_other(pair: Pair) -> None:
    writer, mounter = pair
    blob = b"mounted across"
    assert writer.wire.push_blob("from/here", blob).status == 201

    query = f"mount={digest_of(blob)}&from=from/here"
    assert mounter.wire.request("POST", f"/v2/to/there/blobs/uploads/?{query}").status == 201

    assert writer.wire.blob("to/there", digest_of(blob)).body == blob


def test_an_index_pushed_to_one_can_reference_images_pushed_to_the_other(pair: Pair) -> None:
    writer, other = pair
    child = package(random_files("child", 50))
    push_image(other.wire, "app", child)
    index = index_of(child)

    answer = writer.wire.request("PUT", "/v2/app/manifests/all", index, {"Content-Type": OCI_INDEX})

    assert answer.status == 201, answer
    assert other.wire.manifest("app", "all").body == index
