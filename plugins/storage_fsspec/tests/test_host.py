"""A whole registry on a filesystem of fsspec."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from plugins.storage_fsspec.tests.sftp import Sftp
from services.entrepot import entrepot
from services.registry import write_config
from services.wire import digest_of


@pytest.mark.parametrize("protocol", ["local", "sftp"])
def test_a_blob_comes_back_as_it_was_pushed(protocol: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    options: dict[str, object] = {"protocol": protocol, "rootdirectory": str(tmp_path / "root")}
    if protocol == "sftp":
        sftp: Sftp = request.getfixturevalue("sftp")
        options = sftp.config()
    config = write_config(tmp_path / "config.yml", {"fsspec": options})
    registry = entrepot(config, tmp_path / "host", server="waitress")
    data = Random(7).randbytes(3_000_000)  # noqa: S311  # content, not a secret
    registry.start()
    try:
        location = registry.wire.start_upload("a/b")
        answer = registry.wire.patch(location, data[:2_000_000])
        assert answer.status == 202, answer
        answer = registry.wire.finish(answer.location, digest_of(data), data[2_000_000:])
        assert answer.status == 201, answer
        assert registry.wire.push_blob("a/b", b"small").status == 201
        answer = registry.wire.blob("a/b", digest_of(data))
        assert (answer.status, answer.body == data) == (200, True)
    finally:
        registry.stop()
