"""Requests with large bodies that are rejected before the body is read, sent by common clients."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import requests

__all__ = ["CLIENTS", "REFUSED", "SIZES", "Route", "lost"]

SIZES: Final = {"300 KB": 300_000, "4 MB": 4_000_000, "40 MB": 40_000_000}

REFUSED: Final = (
    ("PUT", "/v2/open/blobs/uploads/00000000-0000-4000-8000-000000000000?_state=AAAA&digest=sha256:" + "0" * 64, 404),
    ("PATCH", "/v2/closed/blobs/uploads/00000000-0000-4000-8000-000000000000", 401),
    ("PUT", "/v2/_catalog", 405),
    ("PUT", "/v2/closed/manifests/latest", 401),
    ("POST", "/v2/UPPER/blobs/uploads/", 400),
)
"""Methods, targets and statuses of errors from the router, from the authorization and from a resource."""


@dataclass(frozen=True, slots=True)
class Route:
    """How to connect to a server: its base URL, the certificate of its CA, and whether to use HTTP/2."""

    url: str
    ca: Path | None = None
    http2: bool = False


def _curl(route: Route, method: str, target: str, body: Path) -> int:
    command = ["curl", "-sS", "-X", method, "-T", str(body), "-H", "Expect:", "-o", "/dev/null", "-w", "%{http_code}"]
    command += ["--max-time", "60", "--http2" if route.http2 else "--http1.1"]
    command += ["--cacert", str(route.ca)] if route.ca else []
    done = subprocess.run([*command, route.url + target], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConnectionError(f"curl exited with {done.returncode}: {done.stderr.strip()}")
    return int(done.stdout)


def _requests(route: Route, method: str, target: str, body: Path) -> int:
    verify = str(route.ca) if route.ca else True
    answer = requests.request(method, route.url + target, data=body.read_bytes(), verify=verify, timeout=60)
    return answer.status_code


def _httpx(route: Route, method: str, target: str, body: Path) -> int:
    trust = ssl.create_default_context(cafile=route.ca) if route.ca else True
    client = httpx.Client(verify=trust, http2=route.http2, http1=not route.http2, timeout=60, trust_env=False)
    # Not as bytes: with HTTP/2, httpx would copy the remaining bytes for each frame of 16 KB.
    with client, body.open("rb") as content:
        return client.request(method, route.url + target, content=content).status_code


CLIENTS: Final[Mapping[str, Callable[[Route, str, str, Path], int]]] = {
    "curl": _curl,
    "requests": _requests,
    "httpx": _httpx,
}
"""Each returns the status, and raises if no response arrived. ``requests`` does not support HTTP/2."""


def lost(client: str, route: Route, body: Path, count: int) -> list[str]:
    """Return the failures of ``count`` rejected requests with a client; empty if every response arrived."""
    faults = []
    for number in range(count):
        method, target, wanted = REFUSED[number % len(REFUSED)]
        try:
            status = CLIENTS[client](route, method, target, body)
        except (OSError, httpx.HTTPError) as error:  # requests' exceptions are subclasses of OSError
            faults.append(f"{method} {target}: {type(error).__name__}: {error}")
            continue
        if status != wanted:
            faults.append(f"{method} {target}: {status} instead of {wanted}")
    return faults
