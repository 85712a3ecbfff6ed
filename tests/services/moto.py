"""Moto's server: a mock of S3 in memory, for what Ceph does not answer as Amazon's S3 does."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self
from urllib.request import Request, urlopen

from services.network import HOST, accepts, free_port
from services.process import Service
from services.registry import clean_environment

__all__ = ["Moto"]


class Moto:
    """One S3 endpoint that takes any credentials; nothing outlives the process."""

    def __init__(self) -> None:
        self.port = free_port()
        self.endpoint = f"http://{HOST}:{self.port}"
        self.region = "us-east-1"
        self.access_key = "of-the-tests"
        self.secret_key = "of-the-tests-only"  # noqa: S105 - this server looks at none
        self._folder = Path(tempfile.mkdtemp(prefix="moto-"))
        self._service: Service | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = (sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(self.port))
        log = self._folder / "log"
        self._service = Service("moto", command, log=log, env=clean_environment(self._folder), cwd=self._folder)
        self._service.wait_ready(lambda: accepts(self.port))

    def bucket(self, name: str) -> str:
        """Make a bucket; its name."""
        request = Request(f"{self.endpoint}/{name}", method="PUT")  # noqa: S310 - the server's own URL
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - the server's own URL
            answer.read()
        return name

    def close(self) -> None:
        """End it, and remove its log."""
        if self._service is not None:
            self._service.kill()
        shutil.rmtree(self._folder)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def main() -> None:
    """Serve until Ctrl-C, and say how to use it."""
    with Moto() as moto:
        options = {
            "regionendpoint": moto.endpoint,
            "region": moto.region,
            "accesskey": moto.access_key,
            "secretkey": moto.secret_key,
            "bucket": moto.bucket("registry"),
        }
        print("Moto mocks S3 until Ctrl-C. In a configuration:\n\nstorage:\n  s3:")  # noqa: T201
        print("\n".join(f"    {name}: {json.dumps(value)}" for name, value in options.items()), flush=True)  # noqa: T201
        try:
            Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
