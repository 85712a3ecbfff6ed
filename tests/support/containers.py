"""The clients of the containers project: skopeo, podman and buildah."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from support.client import Client

__all__ = ["Skopeo", "buildah", "partial_podman", "podman"]


class Skopeo(Client):
    """Copy and inspect images over plain HTTP. An image in a registry is named ``docker://ADDRESS/NAME:TAG``."""

    def __init__(self, folder: Path) -> None:
        super().__init__("skopeo", "--insecure-policy", folder=folder)

    def copy(self, source: str, target: str, *arguments: str) -> None:
        """Copy an image."""
        self.run("copy", "--quiet", *_plain("src", source), *_plain("dest", target), *arguments, source, target)


def podman(folder: Path, run: Path, *, env: Mapping[str, str] | None = None) -> Client:
    """Return podman with its own storage in ``folder``. The path of ``run`` may have at most 50 characters."""
    _accept_unsigned(folder)
    return Client("podman", *_storage(folder, run), *_alone(run), folder=folder, env=env)


def partial_podman(folder: Path, run: Path) -> Client:
    """Return podman configured to download only the missing parts of a zstd:chunked layer (containers-storage.conf(5)).

    This requires the overlay storage driver, and ``folder`` must not be on an overlay filesystem.
    """
    _accept_unsigned(folder)
    storage = {"driver": "overlay", "graphroot": f"{folder}/storage", "runroot": f"{run}/storage"}
    lines = ["[storage]", *(f'{name} = "{value}"' for name, value in storage.items())]
    lines += ["[storage.options]", 'pull_options = {enable_partial_images = "true"}']
    (folder / "storage.conf").write_text("\n".join(lines))
    env = {"CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf"}
    return Client("podman", *_alone(run), folder=folder, env=env)


def buildah(folder: Path) -> Client:
    """Return buildah with its own storage in ``folder``."""
    _accept_unsigned(folder)
    return Client("buildah", *_storage(folder, folder / "run"), folder=folder)


def _storage(folder: Path, run: Path) -> tuple[str, ...]:
    return ("--storage-driver=vfs", f"--root={folder}/storage", f"--runroot={run}/storage")


def _alone(run: Path) -> tuple[str, ...]:
    return (f"--tmpdir={run}/libpod", "--cgroup-manager=cgroupfs", "--events-backend=file")


def _accept_unsigned(home: Path) -> None:
    """Accept unsigned images, whatever the system's policy is."""
    policy = home / ".config" / "containers" / "policy.json"
    policy.parent.mkdir(parents=True)
    policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))


def _plain(side: str, image: str) -> tuple[str, ...]:
    return (f"--{side}-tls-verify=false",) if image.startswith("docker://") else ()
