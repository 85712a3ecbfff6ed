"""Moto's server: a mock of S3 in memory, for cases in which Ceph differs from Amazon S3."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from urllib.request import Request, urlopen

from support.services.network import HOST, accepts, free_port
from support.services.playing import show_until_interrupted
from support.services.process import Service, Startable
from support.services.registry import clean_environment
from support.services.s3 import s3_options

__all__ = ["Moto"]


class Moto(Startable):
    """An S3 endpoint that accepts any credentials. Its data is lost when the process ends."""

    def __init__(self) -> None:
        self.port = free_port()
        self.endpoint = f"http://{HOST}:{self.port}"
        self.region = "us-east-1"
        self.access_key = "of-the-tests"
        self.secret_key = "of-the-tests-only"  # noqa: S105 - this server checks no credentials
        self._folder = Path(tempfile.mkdtemp(prefix="moto-"))
        self._service: Service | None = None

    def start(self) -> None:
        """Start it and wait until it responds."""
        command = (sys.executable, "-m", "support.services.moto_one_by_one", str(self.port))
        env = clean_environment(self._folder) | {"PYTHONPATH": str(Path(__file__).parents[2])}
        log = self._folder / "log"
        self._service = Service("moto", command, log=log, env=env, cwd=self._folder)
        self._service.wait_ready(lambda: accepts(self.port))

    def bucket(self, name: str) -> str:
        """Create a bucket and return its name."""
        request = Request(f"{self.endpoint}/{name}", method="PUT")  # noqa: S310 - the server's own URL
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - the server's own URL
            answer.read()
        return name

    def close(self) -> None:
        """Kill it and delete its log."""
        if self._service is not None:
            self._service.kill()
        shutil.rmtree(self._folder)


def main() -> None:
    """Serve until Ctrl-C, and print a configuration."""
    with Moto() as moto:
        show_until_interrupted("Moto mocks S3", "s3", s3_options(moto, bucket="registry"))


if __name__ == "__main__":
    main()
