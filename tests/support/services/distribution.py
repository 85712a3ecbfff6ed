"""Docker Distribution as packaged by Debian, with which the tests compare entrepot."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.services.registry import Registry, clean_environment


def distribution(config: Path, folder: Path, *, ca: Path | None = None) -> Registry:
    """Return ``docker-registry serve`` with a configuration and its log in ``folder``, not started.

    ``ca`` is the CA of its certificate, if it uses TLS.
    """
    return Registry("docker-registry", ("docker-registry", "serve", str(config)), folder=folder, ca=ca)


def collect_garbage(config: Path, folder: Path, *arguments: str) -> str:
    """Run ``docker-registry garbage-collect`` and return its output.

    Raises CalledProcessError if it fails.
    """
    done = subprocess.run(
        ("docker-registry", "garbage-collect", *arguments, str(config)),
        env=clean_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout
