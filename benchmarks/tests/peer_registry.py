"""Debian's docker-registry as a peer that is already running when a benchmark starts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import yaml
from support.services.distribution import distribution
from support.services.registry import Registry, write_config

__all__ = ["PASSWORD", "USER", "links", "peer_registry", "stored"]

USER = "peer"
PASSWORD = "s3cret:p/ss@word"  # noqa: S105 - of these tests


@contextmanager
def peer_registry(folder: Path, *, deletes: bool, password: bool = False) -> Iterator[Registry]:
    """Run the registry with its data in ``folder/tree``; with ``password``, it requires the credentials of the user."""
    folder.mkdir()
    auth = None
    if password:
        users = folder / "htpasswd"
        users.write_text(f"{USER}:{bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n")
        auth = {"htpasswd": {"realm": "peers", "path": str(users)}}
    config = write_config(folder / "config.yml", folder / "tree", auth=auth)
    if not deletes:
        text = yaml.safe_load(config.read_text())
        text["storage"]["delete"]["enabled"] = False
        config.write_text(yaml.safe_dump(text))
    with distribution(config, folder / "run") as registry:
        yield registry


def links(folder: Path) -> list[str]:
    """Return the blobs and manifests that are still linked in repositories of a benchmark."""
    found = (folder / "tree").glob("docker/registry/v2/repositories/bench-*/**/link")
    return sorted({path.parent.name for path in found if "tags" not in path.parts})


def stored(folder: Path) -> list[str]:
    """Return the stored blobs and manifests."""
    return sorted(path.parent.name for path in (folder / "tree").glob("docker/registry/v2/blobs/sha256/*/*/data"))
