"""Docker Distribution serves, and collects garbage in, a directory that entrepot wrote."""

from __future__ import annotations

import json
from pathlib import Path

from support.content import OCI_INDEX, OCI_MANIFEST, digest_of
from support.images import package, random_files
from support.push import index_of, missing_parts, push_image
from support.services.distribution import collect_garbage
from support.services.registry import Registry
from support.wire import Wire


def _half_an_upload(wire: Wire, repository: str) -> None:
    assert wire.patch(wire.start_upload(repository), b"the first half").status == 202


def _stored(root: Path) -> set[str]:
    return {f"sha256:{data.parent.name}" for data in root.glob("docker/registry/v2/blobs/sha256/*/*/data")}


def test_docker_registry_accepts_a_directory_that_entrepot_wrote(ours: Registry, peer: Registry) -> None:
    image, other = (package(random_files(name, 4_000)) for name in ("image", "other"))
    push_image(ours.wire, "app", image, "v1", "latest")
    push_image(ours.wire, "app/deeper", other, "v1")
    index = index_of(image)
    assert ours.wire.request("PUT", "/v2/app/manifests/all", index, {"Content-Type": OCI_INDEX}).status == 201
    _half_an_upload(ours.wire, "app")
    _half_an_upload(ours.wire, "nothing/finished")
    ours.stop()
    peer.stop()

    peer.start()
    assert missing_parts(peer.wire, "app", image, "v1", "latest") == []
    assert missing_parts(peer.wire, "app/deeper", other, "v1") == []
    assert peer.wire.manifest("app", "all").body == index
    assert peer.wire.tags("app") == ["all", "latest", "v1"]
    assert peer.wire.catalog() == ["app", "app/deeper"]
    peer.stop()

    assert [line for line in peer.service.output().splitlines() if "level=error" in line or "panic" in line] == []


def test_garbage_collection_by_docker_registry_keeps_everything_in_use(
    ours: Registry, peer: Registry, config: Path, root: Path, folder: Path
) -> None:
    shared, gone_layer, kept_layer = random_files("garbage", 3_000, 2_000, 1_000)
    kept, gone = package([shared, kept_layer]), package([shared, gone_layer])
    untagged = package(random_files("untagged", 500))
    child = package(random_files("child", 500))
    push_image(ours.wire, "app", kept, "kept")
    push_image(ours.wire, "app", gone, "gone")
    push_image(ours.wire, "app", untagged)
    push_image(ours.wire, "multi", child)
    index = index_of(child)
    assert ours.wire.request("PUT", "/v2/multi/manifests/all", index, {"Content-Type": OCI_INDEX}).status == 201
    signature = _signature(ours.wire, "app", kept.digest, kept.manifest)
    orphan = b"a blob that no manifest names"
    assert ours.wire.push_blob("app", orphan).status == 201
    _half_an_upload(ours.wire, "app")
    before = _stored(root)
    assert ours.wire.manifest("app", gone.digest, "DELETE").status == 202
    assert _stored(root) == before, "only garbage collection frees space"

    output = collect_garbage(config, folder)

    removed = {digest_of(orphan), gone.digest} | ({*map(digest_of, gone.blobs)} - {*map(digest_of, kept.blobs)})
    assert before - _stored(root) == removed, output
    for registry in (ours, peer):
        assert missing_parts(registry.wire, "app", kept, "kept") == []
        assert missing_parts(registry.wire, "app", untagged) == []
        assert missing_parts(registry.wire, "multi", child) == []
        assert registry.wire.manifest("multi", "all").body == index
        assert registry.wire.manifest("app", digest_of(signature)).body == signature
        assert registry.wire.blob("app", digest_of(orphan)).status == 404
    push_image(ours.wire, "app", gone, "gone")
    assert missing_parts(peer.wire, "app", gone, "gone") == []


def test_garbage_collection_of_untagged_manifests_keeps_tagged_ones(
    ours: Registry, peer: Registry, config: Path, folder: Path
) -> None:
    tagged, untagged = (package(random_files(name, 500)) for name in ("tagged", "untagged"))
    push_image(ours.wire, "app", tagged, "v1")
    push_image(ours.wire, "app", untagged, "v2")
    push_image(ours.wire, "app", tagged, "v2")

    collect_garbage(config, folder, "--delete-untagged")

    for registry in (ours, peer):
        assert missing_parts(registry.wire, "app", tagged, "v1", "v2") == []
        assert registry.wire.manifest("app", untagged.digest).status == 404
        assert registry.wire.tags("app") == ["v1", "v2"]


def _signature(wire: Wire, repository: str, digest: str, subject: bytes) -> bytes:
    empty = b"{}"
    assert wire.push_blob(repository, empty).status == 201
    config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(empty), "size": len(empty)}
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.example.signature",
        "config": config,
        "layers": [config],
        "subject": {"mediaType": OCI_MANIFEST, "digest": digest, "size": len(subject)},
    }
    data = json.dumps(manifest).encode()
    assert wire.push_manifest(repository, digest_of(data), data).status == 201
    return data
