"""An SFTP server that dies: told as Unavailable, and forgotten once it is back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plugins.storage_fsspec.tests.sftp import Sftp
from services.programs import need

from entrepot_contract import Unavailable
from entrepot_storage_fsspec import FsspecDriver


@pytest.fixture
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sftp]:
    need(request, "sshd", "ssh-keygen")
    server = Sftp(tmp_path)
    server.start()
    yield server
    server.kill()


def test_a_read_that_breaks_is_unavailable_and_the_next_one_is_whole(mortal: Sftp) -> None:
    driver = FsspecDriver.from_config(mortal.config())
    data = b"x" * 8_000_000
    driver.put("a/k", data)
    with driver.read("a/k") as reader:
        chunks = iter(reader)
        next(chunks)
        mortal.kill()
        with pytest.raises(Unavailable):
            list(chunks)
    with pytest.raises(Unavailable):
        driver.stat("a/k")
    assert not driver.health().ok
    mortal.start()
    with driver.read("a/k") as reader:
        assert b"".join(reader) == data
    driver.close()
