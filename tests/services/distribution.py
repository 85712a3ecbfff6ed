"""Docker Distribution itself, as Debian packages it: the peer that the tests compare with."""

from __future__ import annotations

import subprocess
from pathlib import Path

from services.registry import Registry, clean_environment


def distribution(config: Path, folder: Path, *, ca: Path | None = None) -> Registry:
    """``docker-registry serve`` on a configuration, with its log in ``folder``; not started yet.

    ``ca`` is the authority of its certificate, where it serves TLS.
    """
    return Registry("docker-registry", ("docker-registry", "serve", str(config)), folder=folder, ca=ca)


def collect_garbage(config: Path, folder: Path, *arguments: str) -> str:
    """``docker-registry garbage-collect``: what it said.

    Raises CalledProcessError where it fails.
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
