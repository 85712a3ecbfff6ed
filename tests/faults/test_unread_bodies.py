"""An error that is sent before the request body was read reaches the client (RFC 9112, 9.6), with any client."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
from support.certificates import CertificateAuthority
from support.refusals import CLIENTS, SIZES, Route, lost
from support.services.entrepot import entrepot
from support.services.network import HOST
from support.services.registry import write_config

COUNT = int(os.environ.get("ENTREPOT_REFUSALS", "0"))
"""Requests per cell of the matrix, which ``pytest -rP`` prints. 0 means a few, and fewer of the large ones."""

FEW = {"300 KB": 3, "4 MB": 2, "40 MB": 1}
MORE = {"300 KB": 5, "4 MB": 3, "40 MB": 1}

SPOKEN = [
    ("granian", "plain"),
    ("granian", "TLS"),
    ("granian", "h2c"),
    ("granian", "HTTP/2"),
    ("gunicorn", "plain"),
    ("gunicorn", "TLS"),
    ("waitress", "plain"),
]


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    folder = tmp_path_factory.mktemp("bodies")
    files = {name: folder / str(size) for name, size in SIZES.items()}
    for name, size in SIZES.items():
        files[name].write_bytes(os.urandom(size))
    yield files
    for file in files.values():
        file.unlink()


@pytest.fixture(scope="module", params=SPOKEN, ids=" ".join)
def route(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Route]:
    """Start a host that allows anonymous pushes to ``open`` only."""
    server, spoken = request.param
    folder = tmp_path_factory.mktemp("host")
    http: dict[str, object] = {"workers": 1}
    ca = None
    if spoken in {"TLS", "HTTP/2"}:
        authority = CertificateAuthority(folder)
        certificate, key = authority.server(HOST)
        ca = authority.ca_path
        http |= {"tls": {"certificate": str(certificate), "key": str(key)}, "http2": {"disabled": spoken == "TLS"}}
    elif spoken == "h2c":
        http["h2c"] = {"enabled": True}
    users = folder / "htpasswd"
    users.write_bytes(b"alice:" + bcrypt.hashpw(b"a correct: horse", bcrypt.gensalt(4)))
    config = write_config(
        folder / "config.yml",
        {"inmemory": {}},
        http=http,
        auth={"htpasswd": {"realm": "entrepot", "path": str(users)}},
        access=[
            {"who": "anonymous", "repository": "open", "actions": ["pull", "push"]},
            {"who": "anonymous", "actions": ["catalog"]},
        ],
    )
    with entrepot(config, folder / "host", server=server, ca=ca) as registry:
        yield Route(f"{'https' if ca else 'http'}://{registry.address}", ca, http2=spoken in {"h2c", "HTTP/2"})


@pytest.mark.timeout(3600 if COUNT else 300)
@pytest.mark.parametrize("size", SIZES)
def test_no_error_response_is_lost(route: Route, bodies: dict[str, Path], size: str, thorough: bool) -> None:
    faults = {}
    for client in CLIENTS:
        if client == "requests" and route.http2:
            continue
        count = COUNT or (MORE if thorough else FEW)[size]
        began = time.monotonic()
        faults[client] = lost(client, route, bodies[size], count)
        seconds = time.monotonic() - began
        print(f"| {size} | {client} | {len(faults[client])} of {count} lost | {seconds:.1f} s |")  # noqa: T201 - the matrix
    assert not any(faults.values()), faults
