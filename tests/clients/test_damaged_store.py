"""A push with a 201 response is complete on disk, even on a store damaged by a crash: skopeo pushes again and pulls."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from support.client import ClientError
from support.containers import Skopeo
from support.content import digest_of
from support.images import OciLayout, Package, package, random_files
from support.services.entrepot import entrepot
from support.services.registry import Registry, write_config

# Smaller and larger than the limit for storing data in the record of an upload (256 KiB).
SIZES = (400_000, 900)

Damage = Callable[[Path, str, Package], None]


def _file(store: Path, content: bytes) -> Path:
    digest = sha256(content).hexdigest()
    return store / "docker/registry/v2/blobs/sha256" / digest[:2] / digest / "data"


def _empty_content(store: Path, name: str, image: Package) -> None:
    for content in (*image.blobs, image.manifest):
        _file(store, content).write_bytes(b"")


def _no_content(store: Path, name: str, image: Package) -> None:
    for content in (*image.blobs, image.manifest):
        _file(store, content).unlink()


def _zeros(store: Path, name: str, image: Package) -> None:
    _file(store, image.manifest).write_bytes(bytes(len(image.manifest)))


def _empty_links(store: Path, name: str, image: Package) -> None:
    links = list((store / "docker/registry/v2/repositories" / name).rglob("link"))
    assert len(links) == len(image.blobs) + 3
    for link in links:
        link.write_bytes(b"")


DAMAGE: dict[str, Damage] = {
    "empty-content": _empty_content,
    "no-content": _no_content,
    "zeros": _zeros,
    "empty-links": _empty_links,
}


def test_a_second_push_repairs_a_damaged_store(skopeo: Skopeo, folder: Path) -> None:
    store, layout = folder / "data", OciLayout(folder / "mine")
    config = write_config(folder / "config.yml", store, http={"workers": 2})
    host = entrepot(config, folder / "host", server="granian")
    images = {name: package(random_files(name, *SIZES)) for name in DAMAGE}
    sources = {name: layout.add(name, image) for name, image in images.items()}
    try:
        host.start()
        for name, source in sources.items():
            skopeo.copy(source, _remote(host, name))
        host.stop()
        for name, damage in DAMAGE.items():
            damage(store, name, images[name])
        host.start()
        for name, source in sources.items():
            with pytest.raises(ClientError, match="manifest unknown"):
                skopeo.copy(_remote(host, name), f"dir:{folder}/damaged-{name}")
            skopeo.copy(source, _remote(host, name))
            _check(host, skopeo, store, name, images[name], folder / name)
    finally:
        host.stop()


def _remote(host: Registry, name: str) -> str:
    return f"docker://{host.address}/{name}:v1"


def _check(host: Registry, skopeo: Skopeo, store: Path, name: str, image: Package, folder: Path) -> None:
    """Assert that the image is intact on disk and when pulled, from each process."""
    for content in (*image.blobs, image.manifest):
        assert _file(store, content).read_bytes() == content
    # New connections are distributed over both processes.
    for _ in range(8):
        for reference in ("v1", image.digest):
            assert host.wire.manifest(name, reference).body == image.manifest
    skopeo.copy(_remote(host, name), f"dir:{folder}")
    pulled = json.loads((folder / "manifest.json").read_bytes())
    for blob in (*pulled["layers"], pulled["config"]):
        assert digest_of((folder / blob["digest"].removeprefix("sha256:")).read_bytes()) == blob["digest"]
