"""Real clients push and pull through haproxy, alternating between hosts, also concurrently."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.client import Client
from support.containers import Skopeo
from support.images import OciLayout, build_context, package, random_files
from support.push import missing_parts, push_image

from .pair import Hosts

SIZES = (2_000_000, 200_000, 17)


def test_skopeo_pushes_and_pulls(hosts: Hosts, skopeo: Skopeo, repository: str, folder: Path) -> None:
    image = package(random_files(repository, *SIZES))
    remote = f"docker://{hosts.front.address}/{repository}:v1"

    skopeo.copy(OciLayout(folder / "mine").add("v1", image), remote)
    skopeo.copy(remote, f"dir:{folder}/back")

    assert skopeo.run("manifest-digest", f"{folder}/back/manifest.json").strip() == image.digest
    for host in hosts.both:
        assert missing_parts(host.wire, repository, image, "v1") == []


def test_podman_pushes_and_pulls(hosts: Hosts, podman: Client, repository: str, folder: Path) -> None:
    image = f"{hosts.front.address}/{repository}:v1"
    podman.run("build", "--isolation=chroot", "--tag", image, str(build_context(folder / "c", [b"one", b"two"])))

    podman.run("push", "--tls-verify=false", "--digestfile=pushed", image)
    podman.run("rmi", "--all", "--force")
    podman.run("pull", "--tls-verify=false", image)

    pushed = (podman.folder / "pushed").read_text().strip()
    assert podman.run("images", "--format={{.Digest}}", image).strip() == pushed
    for host in hosts.both:
        assert host.wire.manifest(repository, "v1").headers["docker-content-digest"] == pushed


def test_the_docker_engine_pushes_and_pulls(hosts: Hosts, docker: Client, repository: str, folder: Path) -> None:
    image = f"{hosts.front.address}/{repository}:v1"
    context = build_context(folder / "context", random_files(repository, *SIZES))
    docker.run("build", "--quiet", "--tag", image, str(context))
    built = docker.run("image", "inspect", "--format={{.Id}}", image)

    docker.run("push", image)
    pushed = json.loads(docker.run("image", "inspect", "--format={{json .RepoDigests}}", image))
    docker.run("rmi", image)
    docker.run("pull", image)

    assert docker.run("image", "inspect", "--format={{.Id}}", image) == built
    docker.run("rmi", image)
    for host in hosts.both:
        digest = host.wire.manifest(repository, "v1").headers["docker-content-digest"]
        assert pushed == [f"{hosts.front.address}/{repository}@{digest}"]


def test_an_image_pushed_through_both_hosts_concurrently_is_complete(
    hosts: Hosts, repository: str, thorough: bool
) -> None:
    for number in range(5 if thorough else 3):
        image = package(random_files(f"{repository} {number}", 20, 200_000, 1_000_000))
        with ThreadPoolExecutor(4) as clients:
            pushes = [
                clients.submit(push_image, host.wire, repository, image, f"v{number}", f"of-{host.port}")
                for host in (*hosts.both, *hosts.both)
            ]
        for push in pushes:
            push.result()

        for host in hosts.both:
            tags = (f"v{number}", *(f"of-{one.port}" for one in hosts.both))
            assert missing_parts(host.wire, repository, image, *tags) == []
