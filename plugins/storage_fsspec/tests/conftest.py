"""One OpenSSH server for all tests, with a new directory for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.services.programs import need

from .sftp import Sftp


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sftp]]:
    """At most one server, started for the first test that needs it."""
    started: list[Sftp] = []
    yield started
    for server in started:
        server.kill()


@pytest.fixture
def sftp(request: pytest.FixtureRequest, sshd: list[Sftp], tmp_path_factory: pytest.TempPathFactory) -> Sftp:
    need(request, "sshd", "ssh-keygen")
    if not sshd:
        server = Sftp(tmp_path_factory.mktemp("sshd"))
        sshd.append(server)
        server.start()
    return sshd[0]
