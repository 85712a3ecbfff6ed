"""The programs that tests need, and the messages if one is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

PACKAGES = {
    "buildah": "buildah",
    "ceph-mon": "ceph-mon",
    "ceph-osd": "ceph-osd",
    "curl": "curl",
    "docker": "docker.io",
    "docker-registry": "docker-registry",
    "dockerd": "docker.io",
    "haproxy": "haproxy",
    "htpasswd": "apache2-utils",
    "nginx": "nginx-light",
    "openssl": "openssl",
    "podman": "podman",
    "postgres": "postgresql",
    "radosgw": "radosgw",
    "skopeo": "skopeo",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
}
"""The Debian package of each program."""

FROM_NPM = ("azurite-blob",)
"""Programs that ``.ci/programs`` installs in build/npm."""

NPM = Path(__file__).parents[3] / "build" / "npm" / "node_modules" / ".bin"
# Debian installs several versions of PostgreSQL, and puts none of them on the path.
BESIDE_PATH = (NPM, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))


def find(program: str) -> str:
    """Return the path of a program, or its name if it is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *map(str, BESIDE_PATH)))
    return shutil.which(program, path=path) or program


def installed(program: str) -> bool:
    """Return whether a program is on the path or was installed for the tests."""
    return find(program) != program


def need(request: pytest.FixtureRequest, *programs: str) -> None:
    """Skip the test, or fail it if ``ENTREPOT_TEST_ALL=1``, unless every program is installed."""
    if missing := [program for program in programs if not installed(program)]:
        packages = " ".join(sorted({PACKAGES[program] for program in missing if program in PACKAGES}))
        how = [f"apt-get install --no-install-recommends {packages}"] if packages else []
        how += [".ci/programs"] if any(program in FROM_NPM for program in missing) else []
        _leave_out(f"{request.node.nodeid} needs {', '.join(missing)}: {' and '.join(how)}")


def need_root(request: pytest.FixtureRequest, why: str) -> None:
    """Skip the test, or fail it if ``ENTREPOT_TEST_ALL=1``, unless it runs as root."""
    if os.geteuid() != 0:
        _leave_out(f"{request.node.nodeid} needs root to {why}: sudo make test")


def _leave_out(message: str) -> NoReturn:
    if os.environ.get("ENTREPOT_TEST_ALL") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
