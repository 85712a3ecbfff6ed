"""The output of the Docker engine during a push: mounted layers, existing layers, and a large layer."""

from __future__ import annotations

import json
from pathlib import Path

from support.client import Client
from support.images import build_context, random_files
from support.services.registry import Registry


def _build(docker: Client, folder: Path, name: str, image: str, *sizes: int) -> None:
    context = build_context(folder / name, random_files(image, *sizes))
    docker.run("build", "--quiet", "--tag", image, str(context))


def _layers(registry: Registry, repository: str) -> list[str]:
    return [layer["digest"] for layer in json.loads(registry.wire.manifest(repository, "v1").body)["layers"]]


def test_layers_of_another_repository_are_mounted(
    registry: Registry, docker: Client, repository: str, folder: Path
) -> None:
    first, second = f"{registry.address}/{repository}:v1", f"{registry.address}/{repository}/copy:v1"
    _build(docker, folder, "context", first, 400_000, 3_000, 20)
    docker.run("push", first)
    docker.run("tag", first, second)

    output = docker.run("push", second)
    docker.run("rmi", first, second)

    assert output.count(f"Mounted from {repository}") == 3, output
    for digest in _layers(registry, repository):
        assert registry.wire.request("HEAD", f"/v2/{repository}/copy/blobs/{digest}").status == 200
    docker.run("pull", second)
    docker.run("rmi", second)


def test_a_second_push_of_the_same_image_uploads_no_layer(
    registry: Registry, docker: Client, repository: str, folder: Path
) -> None:
    image = f"{registry.address}/{repository}:v1"
    _build(docker, folder, "context", image, 70_000, 80)
    first = docker.run("push", image)

    again = docker.run("push", image)
    docker.run("rmi", image)

    assert again.count("Layer already exists") == 2, again
    assert "Pushed" not in again
    assert [line for line in again.splitlines() if "digest:" in line] == [
        line for line in first.splitlines() if "digest:" in line
    ]


def test_an_image_with_shared_layers_uploads_only_its_own_layers(
    registry: Registry, docker: Client, repository: str, folder: Path
) -> None:
    base, child = f"{registry.address}/{repository}:v1", f"{registry.address}/{repository}:child"
    _build(docker, folder, "base", base, 90_000, 90)
    docker.run("push", base)
    context = build_context(folder / "child", random_files(child, 5_000))
    dockerfile = context / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("FROM scratch", f"FROM {base}"))
    docker.run("build", "--quiet", "--tag", child, str(context))

    output = docker.run("push", child)
    docker.run("rmi", child, base)

    assert output.count("Layer already exists") == 2, output
    assert output.count("Pushed") == 1, output


def test_a_large_layer_is_pulled_unchanged(
    registry: Registry, docker: Client, repository: str, folder: Path, thorough: bool
) -> None:
    image = f"{registry.address}/{repository}:v1"
    _build(docker, folder, "context", image, (64 if thorough else 20) * 2**20, 64)
    built = docker.run("image", "inspect", "--format={{.Id}} {{json .RootFS.Layers}}", image)
    docker.run("push", image)
    docker.run("rmi", image)

    docker.run("pull", image)

    assert docker.run("image", "inspect", "--format={{.Id}} {{json .RootFS.Layers}}", image) == built
    docker.run("rmi", image)
