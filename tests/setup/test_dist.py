"""``make dist``: what it builds can be published, and installs and serves on a machine without a network."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from email import message_from_bytes
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest
from support.services.programs import need, need_root

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("entrepot", "entrepot-storage-fs", "entrepot-server-granian")
SESSION: Final = r"""
set -eu
"$PYTHON" -c 'import fcntl, socket, struct
up, set_flags = 1, 0x8914
fcntl.ioctl(socket.socket(), set_flags, struct.pack("16sh", b"lo", up))'
"$PYTHON" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-index --find-links "$DIST" $PACKAGES
cat >config.yml <<CONFIG
version: 0.1
storage: {filesystem: {rootdirectory: $PWD/data}}
http: {addr: 127.0.0.1:5000, server: granian}
CONFIG
env/bin/entrepot serve config.yml >server.log 2>&1 &
server=$!
trap 'kill $server; wait $server || true' EXIT
"$PYTHON" -c 'import socket, time
for _ in range(300):
    try:
        socket.create_connection(("127.0.0.1", 5000)).close()
        break
    except OSError:
        time.sleep(0.1)'
mkdir -p layer/etc
head -c 100000 /dev/urandom >layer/etc/content
tar -C layer -cf layer.tar .
skopeo --insecure-policy copy --dest-tls-verify=false tarball:layer.tar docker://127.0.0.1:5000/team/app:v1
skopeo --insecure-policy copy --src-tls-verify=false docker://127.0.0.1:5000/team/app:v1 dir:pulled
"""
"""Installs, serves, pushes and pulls with nothing but a loopback interface."""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``.ci/dist`` fills, with the dependencies of PACKAGES."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [ROOT / ".ci/dist", folder, *PACKAGES], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
    return folder


def test_every_package_has_a_wheel_and_an_sdist_with_its_license_urls_types_and_tests(dist: Path) -> None:
    sources = [ROOT / "contract", ROOT / "host", ROOT / "benchmarks", *sorted((ROOT / "plugins").glob("*/"))]
    wheels = sorted(dist.glob("entrepot*.whl"))
    sdists = sorted(dist.glob("entrepot*.tar.gz"))
    assert len(wheels) == len(sdists) == len(sources)
    for path in wheels:
        with ZipFile(path) as wheel:
            names = wheel.namelist()
            [metadata] = [name for name in names if name.endswith(".dist-info/METADATA")]
            headers = message_from_bytes(wheel.read(metadata))
        assert any(name.endswith("/licenses/LICENSE") for name in names), path.name
        assert any(name.endswith("/py.typed") for name in names), path.name
        labels = {url.partition(",")[0] for url in headers.get_all("Project-URL", [])}
        assert {"Documentation", "Source", "Changelog"} <= labels, path.name
        assert "](../" not in str(headers.get_payload()), f"{path.name}: a relative link leads nowhere on an index"
    for path in sdists:
        with tarfile.open(path) as sdist:
            names = sdist.getnames()
        assert any(name.endswith("/LICENSE") for name in names), path.name
        assert any("/tests/test_" in name for name in names), path.name


@pytest.mark.slow
def test_it_installs_serves_and_takes_an_image_without_a_network(
    request: pytest.FixtureRequest, dist: Path, folder: Path
) -> None:
    need(request, "skopeo")
    need_root(request, "leave the network")
    base = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", SESSION],
        cwd=folder,
        env={
            "PATH": os.defpath,
            "HOME": str(folder),
            "PYTHON": base,
            "DIST": str(dist),
            "PACKAGES": " ".join(PACKAGES),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert max(path.stat().st_size for path in (folder / "pulled").iterdir()) > 50_000, "the layer came back"
