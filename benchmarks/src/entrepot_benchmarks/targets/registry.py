"""Registries with a filesystem driver: entrepot, and Debian's docker-registry, from one and the same configuration."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from entrepot_benchmarks.load.image import with_digest
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.targets.process import ServerProcess, free_port, require

__all__ = ["Registry", "docker_registry", "entrepot"]

TREE = "docker/registry/v2"


class Registry:
    """A running registry: pushes, pulls, and the removal of what was pushed."""

    def __init__(self, name: str, data: Path, command: Callable[[Path], list[str]], **http: str) -> None:
        self.name = name
        self.port = free_port()
        self._tree = data / "tree" / TREE
        data.mkdir(parents=True)
        config = {
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {
                "filesystem": {"rootdirectory": str(data / "tree")},
                "cache": {"blobdescriptor": "inmemory"},
                "delete": {"enabled": True},
            },
            "http": {"addr": f"127.0.0.1:{self.port}", "secret": "benchmark"} | http,
        }
        file = data / "config.yml"
        file.write_text(json.dumps(config))  # every JSON text is YAML
        self.process = ServerProcess(command(file), self.port, data / "server.log")

    def url(self, path: str) -> str:
        """The URL of a path below /v2/."""
        return f"http://127.0.0.1:{self.port}/v2/{path}"

    def connect(self) -> Connection:
        """A new connection."""
        return Connection(self.port)

    def push(self, repository: str, payload: Payload) -> None:
        """POST, PATCH with the whole body, PUT: as `docker push` does, with a Content-Length."""
        with self.connect() as connection:
            started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
            patched = connection.send("PATCH", started.location, payload, expect=202)
            connection.request("PUT", with_digest(patched.location, payload.digest), expect=201)

    def blob(self, digest: str) -> Path:
        """The file that holds a blob."""
        algorithm, _, code = digest.partition(":")
        return self._tree / "blobs" / algorithm / code[:2] / code / "data"

    def forget(self, repository: str, digests: list[str]) -> None:
        """Take a repository and its blobs off the disk, behind the server's back."""
        for digest in digests:
            shutil.rmtree(self.blob(digest).parent)
        shutil.rmtree(self._tree / "repositories" / repository)


def entrepot(data: Path) -> Registry:
    """entrepot on the granian server."""
    return Registry(
        "entrepot", data, lambda config: [sys.executable, "-m", "entrepot", "serve", str(config)], server="granian"
    )


def docker_registry(data: Path, name: str = "docker-registry") -> Registry:
    """Debian's package of Docker Distribution."""
    program = require("docker-registry", "docker-registry")
    return Registry(name, data, lambda config: [program, "serve", str(config)])
