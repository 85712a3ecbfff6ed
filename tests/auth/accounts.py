"""Container clients, each logged in as one user with its own configuration, over TLS with a private CA."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from support import containers
from support.client import Client
from support.images import OciLayout, build_context, package, random_files

__all__ = ["Account", "Docker", "Podman", "Skopeo"]

SIZES = (70_000, 90)


class Account(ABC):
    """Operations of a user on a registry. Each raises ClientError if the client exits with an error.

    An image is named ``ADDRESS/NAME:TAG`` and identified by the digest of its config or of its manifest.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    @abstractmethod
    def build(self, image: str) -> str:
        """Build a unique image and return its identifier."""

    @abstractmethod
    def push(self, image: str) -> None:
        """Push the image that was built."""

    @abstractmethod
    def pull(self, image: str) -> str:
        """Pull an image that does not exist locally and return its identifier."""

    @abstractmethod
    def login(self, address: str, user: str, password: str) -> None:
        """Log in to a registry."""

    @abstractmethod
    def logout(self, address: str) -> None:
        """Log out of the registry."""


class Docker(Account):
    """The docker command. CA certificates and the proxy are configured in its engine."""

    def __init__(self, folder: Path, engine: str) -> None:
        super().__init__(Client("docker", folder=folder, env={"DOCKER_HOST": engine, "DOCKER_BUILDKIT": "0"}))

    def build(self, image: str) -> str:
        context = build_context(self._client.folder / "context", random_files(image, *SIZES))
        self._client.run("build", "--quiet", "--tag", image, str(context))
        return self._id(image)

    def push(self, image: str) -> None:
        self._client.run("push", image)

    def pull(self, image: str) -> str:
        self._client.run("image", "rm", "--force", image)
        self._client.run("pull", image)
        return self._id(image)

    def login(self, address: str, user: str, password: str) -> None:
        self._client.run("login", "--username", user, "--password", password, address)

    def logout(self, address: str) -> None:
        self._client.run("logout", address)

    def _id(self, image: str) -> str:
        return self._client.run("image", "inspect", "--format={{.Id}}", image)

    def saved(self, address: str) -> Mapping[str, str]:
        """Return the stored credentials of a login."""
        config = json.loads((self._client.folder / ".docker" / "config.json").read_text())
        kept = config["auths"][address]
        assert isinstance(kept, dict)
        return kept


class Podman(Account):
    """Podman, which verifies registries with the CA in ``trusted``."""

    def __init__(self, folder: Path, run: Path, trusted: Path, env: Mapping[str, str]) -> None:
        super().__init__(containers.podman(folder, run, env=env))
        (folder / "auth.json").write_text("{}")  # Podman accepts a missing --authfile only for a login.
        self._authfile = f"--authfile={folder / 'auth.json'}"
        self._remote = (self._authfile, f"--cert-dir={trusted}")

    def build(self, image: str) -> str:
        context = build_context(self._client.folder / "context", random_files(image, *SIZES))
        self._client.run("build", "--layers", "--isolation=chroot", "--tag", image, str(context))
        return self._id(image)

    def push(self, image: str) -> None:
        self._client.run("push", *self._remote, image)

    def pull(self, image: str) -> str:
        self._client.run("rmi", "--all", "--force")
        self._client.run("pull", *self._remote, image)
        return self._id(image)

    def login(self, address: str, user: str, password: str) -> None:
        self._client.run("login", *self._remote, "--username", user, "--password", password, address)

    def logout(self, address: str) -> None:
        self._client.run("logout", self._authfile, address)

    def _id(self, image: str) -> str:
        return self._client.run("image", "inspect", "--format={{.Id}}", image)


class Skopeo(Account):
    """Skopeo, which verifies registries with the CA in ``trusted`` and stores images in directories."""

    def __init__(self, folder: Path, trusted: Path, env: Mapping[str, str]) -> None:
        super().__init__(Client("skopeo", "--insecure-policy", folder=folder, env=env))
        self._authfile = f"--authfile={folder / 'auth.json'}"
        self._trusted = trusted
        self._layout = OciLayout(folder / "layout")
        self._pulls = 0

    def build(self, image: str) -> str:
        self._layout.add("built", package(random_files(image, *SIZES)))
        return self._layout.digest("built")

    def push(self, image: str) -> None:
        source = f"oci:{self._layout.folder}:built"
        self._client.run("copy", f"--dest-cert-dir={self._trusted}", self._authfile, source, f"docker://{image}")

    def pull(self, image: str) -> str:
        self._pulls += 1
        folder = self._client.folder / f"pulled{self._pulls}"
        self._client.run(
            "copy", f"--src-cert-dir={self._trusted}", self._authfile, f"docker://{image}", f"dir:{folder}"
        )
        return self._client.run("manifest-digest", str(folder / "manifest.json")).strip()

    def login(self, address: str, user: str, password: str) -> None:
        trusted = f"--cert-dir={self._trusted}"
        self._client.run("login", trusted, self._authfile, "--username", user, "--password", password, address)

    def logout(self, address: str) -> None:
        self._client.run("logout", self._authfile, address)
