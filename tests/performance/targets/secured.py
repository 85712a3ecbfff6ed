"""entrepot on granian over TLS, to which curl pushes: a client that speaks HTTP/2 as well as HTTP/1.1."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final, Literal

from support.certificates import CertificateAuthority

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.image import OCTETS, with_digest
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.selection import Backend
from entrepot_benchmarks.targets.host import EntrepotHost
from entrepot_benchmarks.targets.process import require

__all__ = ["SecuredHost"]

MAX_SECONDS: Final = 120


class SecuredHost(EntrepotHost):
    """A host with a certificate of this run; ``version`` is the version of HTTP that carries what is pushed.

    Raises BenchmarkError where there is no curl.
    """

    def __init__(self, backend: Backend, data: Path, run: str, version: Literal["1.1", "2"]) -> None:
        self._version = version
        data.mkdir(parents=True, mode=0o700)
        authority = CertificateAuthority(data)
        certificate, key = authority.server("127.0.0.1")
        command = [require("curl", "curl"), "-q", "-sS", "--noproxy", "*", "--max-time", str(MAX_SECONDS)]
        self._curl = [*command, f"--http{version}", "--cacert", str(authority.ca_path), "-o", os.devnull]
        tls = {"certificate": str(certificate), "key": str(key)}
        super().__init__(backend, data, run, server="granian", http={"tls": tls}, ca=authority.ca_path)

    def push(self, repository: str, payload: Payload) -> None:
        """POST, PATCH by curl with all but the tail, PUT with the tail.

        Raises BenchmarkError where curl fails, or has spoken another version of HTTP.
        """
        with self.connect() as connection:
            started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
            self._patch(started.location, payload)
            there = connection.request("GET", started.location, expect=204)
            ends = with_digest(there.location, payload.digest)
            connection.request("PUT", ends, body=payload.tail, headers=OCTETS, expect=201)

    def _patch(self, path: str, payload: Payload) -> None:
        # Expect would add a wait to HTTP/1.1 alone.
        headers = ("-H", "Content-Type: application/octet-stream", "-H", "Expect:")
        sent = ("-X", "PATCH", *headers, "-T", f"/dev/fd/{payload.file}", "-w", "%{http_code} %{http_version}")
        done = subprocess.run(
            [*self._curl, *sent, f"https://{self.origin.authority}{path}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            pass_fds=[payload.file],
        )
        if done.stdout != f"202 {self._version}":
            said = done.stderr.strip() or f"curl ended with {done.returncode}"
            wanted = f"202 over HTTP/{self._version}"
            raise BenchmarkError(f"PATCH by curl brought {done.stdout!r}, and needs {wanted}: {said}")
