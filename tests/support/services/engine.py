"""A separate Docker engine for tests: no bridge, no iptables, plain HTTP to 127.0.0.0/8."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from support.services.process import Service
from support.services.registry import clean_environment


@contextmanager
def docker_engine(folder: Path, *, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run dockerd with its data in ``folder`` and yield the value for ``DOCKER_HOST``. Requires root.

    ``env`` may contain ``SSL_CERT_FILE``, the only trusted CA, and ``HTTPS_PROXY``. Neither applies to 127.0.0.0/8.
    """
    folder.mkdir(parents=True)
    # The path of a Unix socket is limited to 107 bytes, and a test's directory can be longer.
    with tempfile.TemporaryDirectory(prefix="engine-") as run:
        host = f"unix://{run}/sock"
        command = (
            "dockerd",
            f"--data-root={folder}/data",
            f"--exec-root={run}/exec",
            f"--pidfile={run}/pid",
            f"--host={host}",
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
            "--storage-driver=vfs",
            "--insecure-registry=127.0.0.0/8",
        )
        variables = clean_environment(folder) | dict(env or {})
        service = Service("dockerd", command, log=folder / "log", env=variables, cwd=folder)
        try:
            service.wait_ready(lambda: _answers(host, variables), seconds=60)
            yield host
        finally:
            service.stop()


def _answers(host: str, env: dict[str, str]) -> bool:
    done = subprocess.run(("docker", "--host", host, "version"), env=env, capture_output=True, timeout=30, check=False)
    return done.returncode == 0
