"""What bounds every registry on this machine: nginx for pulls, a bare loop in Python for pushes."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import Connection, Origin, connect
from entrepot_benchmarks.results.model import CaseInfo, TargetInfo
from entrepot_benchmarks.targets.family import Family
from entrepot_benchmarks.targets.process import ServerProcess, free_port, require

__all__ = ["BareLoop", "Nginx", "takes_direct_writes"]


class _Limit:
    """Serves one case alone, from a process of its own below ``data``."""

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
        """Whether it is the one case."""
        return case.name == self._case

    def connect(self) -> Connection:
        """A new connection."""
        return Connection(self.origin)

    def settle(self, refill: Callable[[], None]) -> None:
        """Nothing goes on behind an answer."""

    def gone(self) -> str | None:
        """How its process ended, or None."""
        return self._process.ended

    def remains(self) -> Sequence[str]:
        """All of it goes with its folder."""
        return ()

    def close(self) -> None:
        """End it, and remove its folder."""
        self._process.stop()
        shutil.rmtree(self._data, ignore_errors=True)


class Nginx(_Limit):
    """Serves blobs as files, with sendfile, and with its access log on as the registries have theirs."""

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
        info = TargetInfo("nginx", "limit", detail="nginx, which serves the same bytes as a file, with sendfile")
        super().__init__(info, port, [program, "-c", str(config), "-p", str(data)], data, case)

    def push(self, repository: str, payload: Payload) -> None:
        """Write the blob as the file that a GET of it reads."""
        file = self._files / "v2" / repository / "blobs" / payload.digest
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as opened:
            opened.write(payload.content())

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Remove the files."""
        for repository in repositories:
            shutil.rmtree(self._files / "v2" / repository, ignore_errors=True)


class BareLoop(_Limit):
    """A running ``entrepot_benchmarks.bare``, with its writes cached or direct."""

    def __init__(self, data: Path, case: str, mode: Literal["cached", "direct"]) -> None:
        port = free_port()
        self._files = data / "files"
        self._files.mkdir(parents=True)
        command = [sys.executable, "-m", "entrepot_benchmarks.bare", str(port), str(self._files), mode]
        detail = f"a loop in Python that receives, hashes and writes the same bytes ({mode} writes), without HTTP"
        super().__init__(TargetInfo(f"bare loop, {mode} writes", "limit", detail=detail), port, command, data, case)

    def push(self, repository: str, payload: Payload) -> None:
        """Send the payload; the loop knows no repositories."""
        with connect(self.origin) as sock:
            sock.sendall(payload.size.to_bytes(8))
            payload.send(sock)
            answer = sock.recv(64, socket.MSG_WAITALL).decode()
        if f"sha256:{answer}" != payload.digest:
            raise BenchmarkError(f"{self.info.name} answered {answer!r} for {payload.digest}")

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Take the files off the disk."""
        for digest in digests:
            (self._files / digest.removeprefix("sha256:")).unlink(missing_ok=True)


def takes_direct_writes(folder: Path) -> bool:
    """Some file systems, tmpfs among them, have no O_DIRECT."""
    path = folder / "probe"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_DIRECT, 0o600))
    except OSError:
        return False
    finally:
        path.unlink(missing_ok=True)
    return True
