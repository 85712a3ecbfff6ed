"""A complete registry on a filesystem of fsspec."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from support.containers import Skopeo
from support.content import digest_of
from support.images import OciLayout, package, random_files
from support.services.entrepot import entrepot
from support.services.programs import need
from support.services.registry import write_config

from .sftp import Sftp


def test_push_and_pull_including_a_blob_in_slices(tmp_path: Path, sftp: Sftp, request: pytest.FixtureRequest) -> None:
    need(request, "skopeo")
    config = write_config(tmp_path / "config.yml", {"fsspec": sftp.config()})
    registry = entrepot(config, tmp_path / "host", server="waitress")
    image = package(random_files("fsspec", 300_000, 1_500_000))
    name = OciLayout(tmp_path / "pushed").add("v1", image)
    data = Random(7).randbytes(3_000_000)  # noqa: S311  # content, not a secret
    registry.start()
    try:
        skopeo = Skopeo(tmp_path / "skopeo")
        skopeo.copy(name, f"docker://{registry.address}/team/app:v1")
        skopeo.copy(f"docker://{registry.address}/team/app:v1", f"dir:{tmp_path}/pulled")
        location = registry.wire.start_upload("a/b")
        answer = registry.wire.patch(location, data[:2_000_000])
        assert answer.status == 202, answer
        answer = registry.wire.finish(answer.location, digest_of(data), data[2_000_000:])
        assert answer.status == 201, answer
        answer = registry.wire.blob("a/b", digest_of(data))
        assert (answer.status, answer.body == data) == (200, True)
    finally:
        registry.stop()
    assert (tmp_path / "pulled/manifest.json").read_bytes() == image.manifest
    for blob in image.blobs:
        assert (tmp_path / "pulled" / digest_of(blob).removeprefix("sha256:")).read_bytes() == blob
