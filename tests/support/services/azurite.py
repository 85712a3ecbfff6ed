"""Azurite, Microsoft's emulator of Azure Storage, on 127.0.0.1 (only its blob service)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from azure.storage.blob import ContainerClient, generate_container_sas
from support.services.network import HOST, accepts, free_port
from support.services.playing import show_until_interrupted
from support.services.process import Service, Startable
from support.services.programs import find
from support.services.registry import clean_environment

__all__ = ["ACCOUNT", "PROGRAM", "Azurite"]

PROGRAM: Final = "azurite-blob"
ACCOUNT: Final = "devstoreaccount1"


class Azurite(Startable):
    """A storage account.

    - ``folder`` is the data directory. By default it is a temporary one that ``close`` deletes.
    - ``memory`` keeps the data in memory instead, at most half of the machine's memory.
    - ``tls`` serves HTTPS with a self-signed certificate, and also accepts bearer tokens.
    """

    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    """The documented key of the account, which is the same for every Azurite."""

    def __init__(self, folder: Path | None = None, *, memory: bool = False, tls: bool = False) -> None:
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://{HOST}:{self.port}/{ACCOUNT}"
        self._memory = memory
        self._tls = tls
        self._own = folder is None
        self._folder = Path(tempfile.mkdtemp(prefix="azurite-")) if folder is None else folder
        self._service: Service | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and is still running."""
        return self._service is not None and self._service.running

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        (self._folder / "data").mkdir(parents=True, exist_ok=True)
        place = ("--inMemoryPersistence",) if self._memory else ("--location", str(self._folder / "data"))
        address = ("--blobHost", HOST, "--blobPort", str(self.port), *place)
        self._service = Service(
            "azurite",
            # The SDK may use a later version of the protocol than this release supports.
            (find(PROGRAM), *address, "--skipApiVersionCheck", "--disableTelemetry", "--silent", *self._secure()),
            log=self._folder / "log",
            env=clean_environment(self._folder),
            cwd=self._folder,
        )
        self._service.wait_ready(lambda: accepts(self.port), seconds=60)

    def options(self, container: str) -> dict[str, object]:
        """Return the driver options for a container."""
        return {"accountname": ACCOUNT, "accountkey": self.key, "serviceurl": self.url, "container": container}

    def container(self, name: str) -> str:
        """Create a container and return its name."""
        credential = {"account_name": ACCOUNT, "account_key": self.key}
        client = ContainerClient(self.url, name, credential=credential, connection_verify=not self._tls)
        with client:
            client.create_container()
        return name

    def signature(self, container: str) -> str:
        """Return a shared access signature for everything in a container, valid for an hour."""
        return generate_container_sas(
            ACCOUNT, container, self.key, permission="racwdl", expiry=datetime.now(UTC) + timedelta(hours=1)
        )

    def close(self) -> None:
        """Kill it, and delete its data if the directory is temporary."""
        if self._service is not None:
            self._service.kill()
        if self._own:
            shutil.rmtree(self._folder)

    def _secure(self) -> tuple[str, ...]:
        if not self._tls:
            return ()
        key, certificate = str(self._folder / "key.pem"), str(self._folder / "cert.pem")
        made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost")
        subprocess.run((*made, "-keyout", key, "-out", certificate), capture_output=True, check=True, timeout=60)
        return ("--key", key, "--cert", certificate, "--oauth", "basic")


def main() -> None:
    """Serve until Ctrl-C, and print a configuration."""
    with Azurite() as azurite:
        options = azurite.options(azurite.container("registry"))
        show_until_interrupted("Azurite serves Azure Blob Storage", "azure", options)


if __name__ == "__main__":
    main()
