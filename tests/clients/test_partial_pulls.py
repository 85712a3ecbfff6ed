"""Podman pulls a zstd:chunked layer by requesting several ranges of it in one request."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from support.client import Client
from support.containers import partial_podman
from support.services.entrepot import entrepot
from support.services.programs import need, need_root
from support.services.registry import Registry, write_config

FILES = 60
CHANGED = (3, 20, 41)


@pytest.fixture
def own_registry(folder: Path) -> Iterator[Registry]:
    with entrepot(write_config(folder / "config.yml", folder / "data"), folder, server="granian") as registry:
        yield registry


@pytest.fixture
def partial(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[Client, Client]]:
    """Return two instances of podman with separate storage."""
    need(request, "podman")
    need_root(request, "mount podman's overlays")
    with tempfile.TemporaryDirectory(prefix="podman-") as run:
        clients = [partial_podman(folder / name, Path(run) / name) for name in ("a", "b")]
        yield clients[0], clients[1]
        for client in clients:
            client.run("rmi", "--all", "--force")
            client.run("unmount", "--all")


def test_the_second_pull_of_a_chunked_layer_transfers_less_than_a_tenth_of_it(
    own_registry: Registry, partial: tuple[Client, Client], folder: Path
) -> None:
    pusher, puller = partial
    context = folder / "context"
    (context / "tree").mkdir(parents=True)
    (context / "Containerfile").write_text("FROM scratch\nCOPY tree /tree\n")
    random = Random("chunked")  # noqa: S311 - content, not a secret
    for tag, changed in (("v1", range(FILES)), ("v2", CHANGED)):
        for number in changed:
            (context / "tree" / f"{number:02}").write_bytes(random.randbytes(100_000))
        image = f"{own_registry.address}/app:{tag}"
        pusher.run("build", "--isolation=chroot", "--tag", image, str(context))
        pusher.run("push", "--tls-verify=false", "--compression-format=zstd:chunked", image)
        puller.run("pull", "--tls-verify=false", image)
    assert puller.run("images", "--quiet", "--no-trunc", image) == pusher.run("images", "--quiet", "--no-trunc", image)

    own_registry.stop()
    lines = re.findall(r"method=GET path=/v2/app/blobs/(\S+) status=206 bytes=([0-9]+)", own_registry.service.output())
    layers = list(dict.fromkeys(digest for digest, _ in lines))
    first, second = (sum(int(size) for digest, size in lines if digest == layer) for layer in layers)
    assert first > FILES * 100_000
    assert len(CHANGED) * 100_000 < second < first / 10
