"""An SFTP server that closes connections: raises Unavailable, and works again after a restart."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.services.programs import need

from entrepot_contract import Denied, Unavailable
from entrepot_storage_fsspec import FsspecDriver

from .sftp import Sftp


@pytest.fixture
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sftp]:
    need(request, "sshd", "ssh-keygen")
    server = Sftp(tmp_path)
    server.start()
    yield server
    server.kill()


def test_a_broken_connection_is_unavailable_and_the_next_call_works(mortal: Sftp) -> None:
    driver = FsspecDriver.from_config(mortal.config())
    data = b"x" * 8_000_000
    driver.put("a/k", data)
    with driver.read("a/k") as reader:
        chunks = iter(reader)
        next(chunks)
        mortal.kill_sessions()
        with pytest.raises(Unavailable):
            list(chunks)
    with driver.read("a/k") as reader:
        assert b"".join(reader) == data

    base = driver.upload_append(driver.upload_start("b/k"), [b"base"])

    def broken() -> Iterator[bytes]:
        yield data
        mortal.kill_sessions()
        yield data

    with pytest.raises(Unavailable):
        driver.upload_append(base, broken())
    assert driver.upload_commit(driver.upload_append(base, [b" and end"])).size == 12

    mortal.kill()
    with pytest.raises(Unavailable):
        driver.stat("a/k")
    assert not driver.health().ok
    mortal.start()
    assert driver.health().ok
    assert [item.key for item in driver.list_objects()] == ["a/k", "b/k"]
    driver.close()


def test_a_server_that_hangs_times_out(mortal: Sftp) -> None:
    driver = FsspecDriver.from_config({**mortal.config(), "timeout": 0.5})
    driver.put("a/k", b"bytes")
    mortal.kill_sessions(signal.SIGSTOP)
    begin = time.monotonic()
    with pytest.raises(Unavailable, match="TimeoutError"):
        driver.stat("a/k")
    assert 0.5 <= time.monotonic() - begin < 5
    assert driver.stat("a/k").size == 5  # on another connection
    driver.close()


def test_an_unknown_key_is_denied(sftp: Sftp, tmp_path: Path) -> None:
    config = sftp.config(key_filename=str(sftp.folder / "host_key"))
    driver = FsspecDriver.from_config(config)
    with pytest.raises(Denied, match="storage_options"):
        driver.stat("a/k")
    assert not driver.health().ok
