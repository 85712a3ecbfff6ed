"""Every client pushes an image with several layers, deletes it locally, and pulls it again with the same digest."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from support.client import Client
from support.containers import Skopeo
from support.images import OciLayout, build_context, package, random_files
from support.services.registry import Registry

SIZES = (3_000_000, 200_000, 17)


def test_skopeo_pulls_the_image_that_it_pushed(
    registry: Registry, skopeo: Skopeo, repository: str, folder: Path
) -> None:
    layout = OciLayout(folder / "mine")
    image = layout.add("v1", package(random_files(repository, *SIZES)))
    digest = layout.digest("v1")
    remote = f"docker://{registry.address}/{repository}:v1"

    skopeo.copy(image, remote)
    shutil.rmtree(layout.folder)
    skopeo.copy(remote, f"dir:{folder}/back")

    pulled = json.loads((folder / "back" / "manifest.json").read_bytes())
    assert registry.wire.manifest(repository, "v1").headers["docker-content-digest"] == digest
    assert skopeo.run("manifest-digest", f"{folder}/back/manifest.json").strip() == digest
    for layer in pulled["layers"]:
        assert (folder / "back" / layer["digest"].removeprefix("sha256:")).stat().st_size == layer["size"]


def test_podman_pulls_the_image_that_it_pushed(
    registry: Registry, podman: Client, repository: str, folder: Path
) -> None:
    _push_remove_pull(podman, registry, repository, folder)


def test_buildah_pulls_the_image_that_it_pushed(
    registry: Registry, buildah: Client, repository: str, folder: Path
) -> None:
    _push_remove_pull(buildah, registry, repository, folder)


def _push_remove_pull(client: Client, registry: Registry, repository: str, folder: Path) -> None:
    context = build_context(folder / "context", random_files(repository, *SIZES))
    image = f"{registry.address}/{repository}:v1"
    client.run("build", "--layers", "--isolation=chroot", "--tag", image, str(context))
    built = _image_ids(client)

    client.run("push", "--tls-verify=false", "--digestfile=pushed", image)
    client.run("rmi", "--all", "--force")
    assert _image_ids(client) == []
    client.run("pull", "--tls-verify=false", image)

    pushed = (client.folder / "pushed").read_text().strip()
    assert client.run("images", "--format={{.Digest}}", image).strip() == pushed
    assert registry.wire.manifest(repository, "v1").headers["docker-content-digest"] == pushed
    assert set(_image_ids(client)) <= set(built), "the config of the pulled image differs from the built one"


def _image_ids(client: Client) -> list[str]:
    return client.run("images", "--all", "--quiet", "--no-trunc").split()


def test_the_docker_engine_pulls_the_image_that_it_pushed(
    registry: Registry, docker: Client, repository: str, folder: Path
) -> None:
    context = build_context(folder / "context", random_files(repository, *SIZES))
    image = f"{registry.address}/{repository}:v1"
    docker.run("build", "--quiet", "--tag", image, str(context))
    built = docker.run("image", "inspect", "--format={{.Id}}", image)

    docker.run("push", image)
    pushed = docker.run("image", "inspect", "--format={{json .RepoDigests}}", image)
    docker.run("rmi", image)
    assert docker.run("images", "--all", "--quiet", image) == ""
    docker.run("pull", image)

    assert docker.run("image", "inspect", "--format={{.Id}}", image) == built
    assert docker.run("image", "inspect", "--format={{json .RepoDigests}}", image) == pushed
    digest = registry.wire.manifest(repository, "v1").headers["docker-content-digest"]
    assert json.loads(pushed) == [f"{registry.address}/{repository}@{digest}"]
    docker.run("rmi", image)
