"""Features of skopeo beyond push and pull: formats, image indexes, listing tags, deletion, compression."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.client import ClientError
from support.containers import Skopeo
from support.content import OCI_MANIFEST
from support.images import OciLayout, package, random_files
from support.services.registry import Registry

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.fixture
def remote(registry: Registry, repository: str) -> str:
    return f"docker://{registry.address}/{repository}"


@pytest.fixture
def layout(folder: Path) -> OciLayout:
    return OciLayout(folder / "mine")


def test_an_image_is_converted_between_oci_and_docker_formats(
    registry: Registry, skopeo: Skopeo, remote: str, repository: str, layout: OciLayout
) -> None:
    image = layout.add("v1", package(random_files(repository, 50_000, 600)))

    skopeo.copy(image, f"{remote}:docker", "--format=v2s2")
    skopeo.copy(f"{remote}:docker", f"{remote}:oci", "--format=oci")

    docker = registry.wire.manifest(repository, "docker")
    oci = registry.wire.manifest(repository, "oci")
    assert docker.headers["content-type"] == DOCKER_MANIFEST
    assert oci.headers["content-type"] == OCI_MANIFEST
    assert _layers(docker.body) == _layers(oci.body) != []


def _layers(manifest: bytes) -> list[str]:
    return [layer["digest"] for layer in json.loads(manifest)["layers"]]


@pytest.mark.parametrize("media_type", ["oci", "v2s2"])
def test_an_image_with_two_architectures_is_copied_completely(
    skopeo: Skopeo, remote: str, repository: str, layout: OciLayout, folder: Path, media_type: str
) -> None:
    images = {
        name: package(random_files(f"{repository} {name}", 9_000, 70), architecture=name) for name in ("amd64", "arm64")
    }
    index = layout.add_index("both", images)

    skopeo.copy(index, f"{remote}:both", "--all", f"--format={media_type}")
    skopeo.copy(f"{remote}:both", f"{remote}-copy:both", "--all")
    skopeo.copy(f"{remote}-copy:both", f"dir:{folder}/back", "--all")

    raw = skopeo.run("inspect", "--raw", "--tls-verify=false", f"{remote}:both")
    assert raw == (folder / "back" / "manifest.json").read_text()
    pulled = json.loads(raw)["manifests"]
    assert [entry["platform"]["architecture"] for entry in pulled] == ["amd64", "arm64"]
    for entry in pulled:
        file = folder / "back" / f"{entry['digest'].removeprefix('sha256:')}.manifest.json"
        assert skopeo.run("manifest-digest", str(file)).strip() == entry["digest"]
    if media_type == "oci":
        assert [entry["digest"] for entry in pulled] == [image.digest for image in images.values()]


def test_all_pushed_tags_are_listed(skopeo: Skopeo, remote: str, repository: str, layout: OciLayout) -> None:
    image = layout.add("v1", package(random_files(repository, 100)))
    for tag in ("v2", "latest", "V1_final-2"):
        skopeo.copy(image, f"{remote}:{tag}")

    listed = json.loads(skopeo.run("list-tags", "--tls-verify=false", remote))
    assert sorted(listed["Tags"]) == ["V1_final-2", "latest", "v2"]


def test_inspect_shows_the_digest_the_layers_and_the_platform(
    registry: Registry, skopeo: Skopeo, remote: str, repository: str, layout: OciLayout
) -> None:
    image = package(random_files(repository, 100, 200, 300), architecture="riscv64")
    skopeo.copy(layout.add("v1", image), f"{remote}:v1")

    seen = json.loads(skopeo.run("inspect", "--tls-verify=false", f"{remote}:v1"))
    assert seen["Name"] == f"{registry.address}/{repository}"
    assert seen["Digest"] == image.digest
    assert seen["RepoTags"] == ["v1"]
    assert seen["Architecture"] == "riscv64"
    assert seen["Layers"] == _layers(image.manifest)


def test_a_deleted_image_has_no_tags_and_can_be_pushed_again(
    registry: Registry, skopeo: Skopeo, remote: str, repository: str, layout: OciLayout, folder: Path
) -> None:
    image = layout.add("v1", package(random_files(repository, 5_000)))
    other = layout.add("other", package(random_files(f"{repository} other", 5_000)))
    skopeo.copy(image, f"{remote}:v1")
    skopeo.copy(image, f"{remote}:v2")
    skopeo.copy(other, f"{remote}:other")

    skopeo.run("delete", "--tls-verify=false", f"{remote}:v1")

    for tag in ("v1", "v2"):
        with pytest.raises(ClientError, match="manifest unknown"):
            skopeo.copy(f"{remote}:{tag}", f"dir:{folder}/{tag}")
    assert registry.wire.tags(repository) == ["other"]
    skopeo.copy(f"{remote}:other", f"dir:{folder}/other")
    skopeo.copy(image, f"{remote}:v1")
    skopeo.copy(f"{remote}:v1", f"dir:{folder}/again")


def test_zstd_layers_are_pulled_as_they_were_pushed(
    registry: Registry, skopeo: Skopeo, remote: str, repository: str, layout: OciLayout, folder: Path
) -> None:
    image = layout.add("v1", package([*random_files(repository, 3_000), b"compressible " * 20_000]))
    # Skopeo only recompresses layers that are uncompressed.
    skopeo.copy(image, f"dir:{folder}/plain", "--dest-decompress")
    skopeo.copy(f"dir:{folder}/plain", f"{remote}:zstd", "--dest-compress-format=zstd", "--format=oci")
    skopeo.copy(f"{remote}:zstd", f"dir:{folder}/back")

    layers = json.loads(registry.wire.manifest(repository, "zstd").body)["layers"]
    assert {layer["mediaType"] for layer in layers} == {"application/vnd.oci.image.layer.v1.tar+zstd"}
    for layer in layers:
        file = folder / "back" / layer["digest"].removeprefix("sha256:")
        assert file.read_bytes()[:4] == b"\x28\xb5\x2f\xfd", "not the magic number of zstd (RFC 8878, 3.1.1)"
        assert file.stat().st_size == layer["size"]
