"""Registries on one kind of storage: entrepot, and Debian's docker-registry, from one and the same configuration."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from entrepot_benchmarks.load.image import with_digest
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.targets.process import ServerProcess, free_port, require
from entrepot_benchmarks.targets.storage import Storage

__all__ = ["Registry", "docker_registry", "entrepot"]


class Registry:
    """A running registry: pushes, pulls, and the removal of what was pushed.

    ``sections`` are more of its configuration, ``headers`` go with every request on its connections.
    """

    def __init__(
        self,
        name: str,
        data: Path,
        storage: Storage,
        command: Callable[[Path], list[str]],
        *,
        sections: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        **http: str,
    ) -> None:
        self.name = name
        self._headers = headers
        self.port = free_port()
        self.storage = storage
        self.forget = storage.forget
        data.mkdir(parents=True)
        config = {
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {
                **storage.section,
                "cache": {"blobdescriptor": "inmemory"},
                "delete": {"enabled": True},
                "redirect": {"disable": True},
            },
            "http": {"addr": f"127.0.0.1:{self.port}", "secret": "benchmark"} | http,
            **(sections or {}),
        }
        file = data / "config.yml"
        file.write_text(json.dumps(config))  # every JSON text is YAML
        self.process = ServerProcess(command(file), self.port, data / "server.log")

    def url(self, path: str) -> str:
        """The URL of a path below /v2/."""
        return f"http://127.0.0.1:{self.port}/v2/{path}"

    def connect(self) -> Connection:
        """A new connection."""
        return Connection(self.port, self._headers)

    def push(self, repository: str, payload: Payload) -> None:
        """POST, PATCH with the whole body, PUT: as `docker push` does, with a Content-Length."""
        with self.connect() as connection:
            started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
            patched = connection.send("PATCH", started.location, payload, expect=202)
            connection.request("PUT", with_digest(patched.location, payload.digest), expect=201)


def entrepot(
    data: Path,
    storage: Storage,
    *,
    sections: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Registry:
    """entrepot on the granian server."""

    def command(config: Path) -> list[str]:
        return [sys.executable, "-m", "entrepot", "serve", str(config)]

    return Registry("entrepot", data, storage, command, sections=sections, headers=headers, server="granian")


def docker_registry(data: Path, storage: Storage, name: str = "docker-registry") -> Registry:
    """Debian's package of Docker Distribution."""
    program = require("docker-registry", "docker-registry")
    return Registry(name, data, storage, lambda config: [program, "serve", str(config)])
