"""Upper limits for every registry on this machine: nginx for pulls, a bare loop in Python for pushes."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from performance import bare

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import Connection, Origin, connect
from entrepot_benchmarks.results.model import CaseInfo, TargetInfo
from entrepot_benchmarks.targets.family import Family
from entrepot_benchmarks.targets.process import ServerProcess, free_port, require

__all__ = ["BareLoop", "Nginx", "takes_direct_writes"]


class _Limit:
    """Serves a single case, in a separate process with its files below ``data``."""

    def __init__(self, info: TargetInfo, port: int, command: Sequence[str], data: Path, case: str) -> None:
        self.info = info
        self.origin = Origin("127.0.0.1", port)
        self._data = data
        self._case = case
        self._process = ServerProcess(command, port, data / "server.log")

    @property
    def family(self) -> Family:
        """The processes of the server."""
        return self._process.family

    def takes(self, case: CaseInfo) -> bool:
        """Return whether it is the supported case."""
        return case.name == self._case

    def connect(self) -> Connection:
        """Open a connection."""
        return Connection(self.origin)

    def settle(self, refill: Callable[[], None]) -> None:
        """Do nothing: there is no background work."""

    def gone(self) -> str | None:
        """Return how its process ended, or None."""
        return self._process.ended

    def remains(self) -> Sequence[str]:
        """Return nothing: everything is removed with the folder."""
        return ()

    def close(self) -> None:
        """Stop it, and remove its folder."""
        self._process.stop()
        shutil.rmtree(self._data, ignore_errors=True)


class Nginx(_Limit):
    """Serves blobs as files with sendfile, and with an access log like the registries."""

    def __init__(self, data: Path, case: str) -> None:
        program = require("nginx", "nginx-light")
        port = free_port()
        self._files = data / "files"
        self._files.mkdir(parents=True)
        config = data / "nginx.conf"
        config.write_text(f"""
            {"user root;" if os.geteuid() == 0 else ""}
            daemon off; worker_processes auto; pid {data}/nginx.pid; error_log {data}/error.log;
            events {{ }}
            http {{
              access_log {data}/access.log; sendfile on; tcp_nopush on;
              client_body_temp_path {data}/body; proxy_temp_path {data}/proxy; fastcgi_temp_path {data}/fastcgi;
              uwsgi_temp_path {data}/uwsgi; scgi_temp_path {data}/scgi;
              server {{ listen 127.0.0.1:{port}; root {self._files}; }}
            }}""")
        info = TargetInfo("nginx", "limit", detail="nginx, serving the same bytes from files with sendfile")
        super().__init__(info, port, [program, "-c", str(config), "-p", str(data)], data, case)

    def push(self, repository: str, payload: Payload) -> None:
        """Write the blob to the file that a GET reads."""
        file = self._files / "v2" / repository / "blobs" / payload.digest
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as opened:
            opened.write(payload.content())

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Remove the files."""
        for repository in repositories:
            shutil.rmtree(self._files / "v2" / repository, ignore_errors=True)


class BareLoop(_Limit):
    """A process of ``performance.bare``, with cached or direct writes."""

    def __init__(self, data: Path, case: str, mode: Literal["cached", "direct"]) -> None:
        port = free_port()
        self._files = data / "files"
        self._files.mkdir(parents=True)
        command = [sys.executable, bare.__file__, str(port), str(self._files), mode]
        detail = f"a Python loop that receives, hashes and writes the same bytes ({mode} writes), without HTTP"
        super().__init__(TargetInfo(f"bare loop, {mode} writes", "limit", detail=detail), port, command, data, case)

    def push(self, repository: str, payload: Payload) -> None:
        """Send the payload; repositories are ignored."""
        with connect(self.origin) as sock:
            sock.sendall(payload.size.to_bytes(8))
            payload.send(sock)
            answer = sock.recv(64, socket.MSG_WAITALL).decode()
        if f"sha256:{answer}" != payload.digest:
            raise BenchmarkError(f"{self.info.name} answered {answer!r} for {payload.digest}")

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Delete the files."""
        for digest in digests:
            (self._files / digest.removeprefix("sha256:")).unlink(missing_ok=True)


def takes_direct_writes(folder: Path) -> bool:
    """Return whether the file system supports O_DIRECT; tmpfs, among others, does not."""
    path = folder / "probe"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_DIRECT, 0o600))
    except OSError:
        return False
    finally:
        path.unlink(missing_ok=True)
    return True
