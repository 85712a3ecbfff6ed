"""A complete registry on layers: stored content is encrypted, and a mirror works while a side is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from support.containers import Skopeo
from support.images import OciLayout, package, random_files
from support.services.entrepot import entrepot
from support.services.programs import need
from support.services.registry import Registry, write_config

from entrepot_storage_layers.mirror.repairs import RETRY

REPOSITORY = "a/b"
SIZES = (2_000_000, 200_000, 17)


@pytest.fixture
def skopeo(request: pytest.FixtureRequest, tmp_path: Path) -> Skopeo:
    need(request, "skopeo")
    return Skopeo(tmp_path / "skopeo")


@pytest.fixture
def image(tmp_path: Path) -> OciLayout:
    """An image with the tag v1."""
    layout = OciLayout(tmp_path / "mine")
    layout.add("v1", package(random_files(REPOSITORY, *SIZES)))
    return layout


@contextmanager
def serving(storage: Mapping[str, object], folder: Path) -> Iterator[Registry]:
    registry = entrepot(write_config(folder / "config.yml", storage), folder / "host", server="waitress")
    registry.start()
    try:
        yield registry
    finally:
        registry.stop()


def contents(folder: Path) -> dict[str, bytes]:
    """Return the objects below a root directory of the filesystem driver."""
    root = folder / "docker"
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def pulled(skopeo: Skopeo, registry: Registry, target: Path) -> set[str]:
    """Pull an image, and return the digests of its manifest and blobs."""
    skopeo.copy(f"docker://{registry.address}/{REPOSITORY}:v1", f"dir:{target}")
    layers = json.loads((target / "manifest.json").read_bytes())["layers"]
    for layer in layers:
        file = target / layer["digest"].removeprefix("sha256:")
        assert f"sha256:{sha256(file.read_bytes()).hexdigest()}" == layer["digest"]
    return {str(layer["digest"]) for layer in layers}


def test_a_cache_over_encrypt_stores_encrypted_content(
    tmp_path: Path, keyfile: str, skopeo: Skopeo, image: OciLayout
) -> None:
    fast, slow = tmp_path / "fast", tmp_path / "slow"
    encrypt = {"keyfile": keyfile, "inner": {"filesystem": {"rootdirectory": str(slow)}}}
    cache = {"fast": {"filesystem": {"rootdirectory": str(fast)}}, "slow": {"encrypt": encrypt}, "size": 10_000_000}
    with serving({"cache": cache}, tmp_path) as registry:
        skopeo.copy(f"oci:{image.folder}:v1", f"docker://{registry.address}/{REPOSITORY}:v1")
        layers = pulled(skopeo, registry, tmp_path / "first")
        plain = contents(fast)
        for digest in layers:
            name = f"registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"
            assert sha256(plain[name]).hexdigest() == digest[7:]
        assert pulled(skopeo, registry, tmp_path / "second") == layers
    stored = contents(slow)
    assert len(stored) > len(layers)
    for data in stored.values():
        assert data.startswith(b"ENTREPO\x01")
        assert not any(blob[:64] in data for blob in plain.values())


def test_a_mirror_works_and_repairs_while_either_side_is_lost(tmp_path: Path, skopeo: Skopeo, image: OciLayout) -> None:
    sides = [tmp_path / "first", tmp_path / "second"]
    roots = {side.name: {"filesystem": {"rootdirectory": str(side)}} for side in sides}
    with serving({"mirror": {**roots, "compare": 0.3}}, tmp_path) as registry:
        skopeo.copy(f"oci:{image.folder}:v1", f"docker://{registry.address}/{REPOSITORY}:v1")
        whole = contents(sides[0])
        assert contents(sides[1]) == whole
        layers = pulled(skopeo, registry, tmp_path / "pulled")
        for side in sides:
            side.rename(tmp_path / f"lost {side.name}")
            side.symlink_to(side)  # neither readable nor writable, even for root
            assert pulled(skopeo, registry, tmp_path / f"without {side.name}") == layers
            refused = registry.wire.request("POST", f"/v2/{REPOSITORY}/blobs/uploads/")
            assert (refused.status, "retry-after" in refused.headers) == (503, True)
            side.unlink()
            patience = time.monotonic() + RETRY + 30  # a comparison during the loss starts a copy that fails
            while not side.exists() or contents(side) != contents(next(other for other in sides if other != side)):
                assert time.monotonic() < patience, f"the {side.name} side was not repaired"
                time.sleep(0.1)
            assert whole.items() <= contents(side).items()
        assert registry.wire.push_blob(REPOSITORY, b"after").status == 201
