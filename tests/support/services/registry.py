"""A registry that listens on a port, independent of the program."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from support.services.network import HOST, accepts, free_port
from support.services.process import Service, Startable
from support.wire import Wire, WireError

__all__ = ["Registry", "clean_environment", "write_config"]


class Registry(Startable):
    """A registry program with its configuration. It can be stopped, killed and restarted on the same port.

    ``address`` is the prefix of repository names in clients. A registry with TLS has a certificate from ``ca`` for
    127.0.0.1,
    and possibly for other names.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        env: Mapping[str, str] | None = None,
        ca: Path | None = None,
    ) -> None:
        self.name = name
        self.port = free_port()
        self.address = f"{HOST}:{self.port}"
        self.wire = Wire(HOST, self.port, tls=None if ca is None else ssl.create_default_context(cafile=ca))
        self._command = command
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._env = {
            **clean_environment(folder),
            "REGISTRY_HTTP_ADDR": self.address,
            **(env or {}),
        }
        self._service: Service | None = None

    @property
    def service(self) -> Service:
        """The current or last run of the program."""
        if self._service is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._service

    def start(self, *, seconds: float = 120) -> None:
        """Start it and wait until it responds."""
        self._service = Service(
            f"{self.name} on {self.address}",
            self._command,
            log=self._folder / "log",
            env=self._env,
            cwd=self._folder,
        )
        self._service.wait_ready(self.answers, seconds=seconds)

    def answers(self) -> bool:
        """Return whether ``GET /v2/`` returns 200, or 401 if it requires credentials."""
        if not accepts(self.port):
            return False
        try:
            return self.wire.request("GET", "/v2/").status in {200, 401}
        except WireError:
            return False

    def stop(self) -> None:
        """Stop it with SIGTERM; see Service.stop."""
        if self._service is not None:
            self._service.stop()

    def close(self) -> None:
        """Stop it, at the end of a ``with`` block."""
        self.stop()


def clean_environment(folder: Path) -> dict[str, str]:
    """Return the environment without variables that configure a registry or a client, and with separate directories."""
    clients = ("XDG_", "DOCKER_", "CONTAINER", "BUILDAH_", "AWS_", "AZURE_", "GOOGLE_")
    own = ("REGISTRY_", "ENTREPOT_", "GRANIAN_", *clients)
    env = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    for name in ("tmp", "run"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return env | {"HOME": str(folder), "TMPDIR": str(folder / "tmp"), "XDG_RUNTIME_DIR": str(folder / "run")}


def write_config(
    file: Path,
    store: Path | Mapping[str, object],
    *,
    http: Mapping[str, object] | None = None,
    auth: Mapping[str, object] | None = None,
    access: Sequence[Mapping[str, object]] | None = None,
) -> Path:
    """Write a configuration in the format of Docker Distribution, with deletion enabled.

    ``store`` is a directory for the filesystem driver, or the section ``storage`` with any other driver. ``access`` is
    only
    supported by entrepot.
    """
    storage = {"filesystem": {"rootdirectory": str(store)}} if isinstance(store, Path) else store
    config: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {"delete": {"enabled": True}, **storage},
        "http": {"addr": "127.0.0.1:0", "secret": "of-the-tests-only", "draintimeout": "10s", **(http or {})},
    }
    config |= {name: value for name, value in (("auth", auth), ("access", access)) if value is not None}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    return file
