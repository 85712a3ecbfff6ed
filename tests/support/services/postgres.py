"""PostgreSQL on 127.0.0.1, run as the user nobody, because it refuses to run as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final
from uuid import uuid4

from support.services.network import HOST, free_port
from support.services.playing import show_until_interrupted
from support.services.process import Service, Startable
from support.services.programs import find
from support.services.registry import clean_environment

__all__ = ["PROGRAM", "Postgres"]

PROGRAM: Final = "postgres"
NOBODY: Final = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--pdeathsig=TERM", "--")


class Postgres(Startable):
    """A server with the database ``postgres`` and the user ``entrepot``, which needs a password. Its disk is not
    synchronized.
    """

    password = "of-the-tests-only"  # noqa: S105 - of a server that is deleted after the tests

    def __init__(self) -> None:
        self.port = free_port()
        self._as_nobody = NOBODY if os.geteuid() == 0 else ()
        # The temporary directory of a test can be closed to others.
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp" if self._as_nobody else None))
        self._service: Service | None = None

    def start(self) -> None:
        """Create its database, start it and wait until it responds."""
        secret, data, env = self._folder / "password", self._folder / "data", clean_environment(self._folder)
        secret.write_text(self.password)
        if self._as_nobody:
            for path in (self._folder, secret):
                shutil.chown(path, "nobody", "nogroup")
        made = ("--username=entrepot", "--auth=password", f"--pwfile={secret}", "--locale=C.UTF-8", "--no-sync")
        command = (*self._as_nobody, find("initdb"), f"--pgdata={data}", *made)
        subprocess.run(command, env=env, cwd=self._folder, capture_output=True, check=True, timeout=120)
        settings = ("fsync=off", "full_page_writes=off", "max_connections=300", "unix_socket_directories=")
        options = [each for setting in settings for each in ("-c", setting)]
        self._service = Service(
            "postgres",
            (*self._as_nobody, find(PROGRAM), "-D", str(data), "-h", HOST, "-p", str(self.port), *options),
            log=self._folder / "log",
            env=env,
            cwd=self._folder,
        )
        ready = (find("pg_isready"), "--quiet", f"--host={HOST}", f"--port={self.port}")
        self._service.wait_ready(lambda: subprocess.run(ready, env=env, timeout=60, check=False).returncode == 0)

    def options(self) -> dict[str, object]:
        """Return the driver options for a new schema."""
        where = {"host": HOST, "port": self.port, "dbname": "postgres", "user": "entrepot"}
        return {**where, "password": self.password, "schema": f"s{uuid4().hex}"}

    def close(self) -> None:
        """Kill it and delete its data."""
        if self._service is not None:
            self._service.kill()
        shutil.rmtree(self._folder)


def main() -> None:
    """Serve until Ctrl-C, and print a configuration."""
    with Postgres() as postgres:
        show_until_interrupted("PostgreSQL serves", "postgres", postgres.options())


if __name__ == "__main__":
    main()
