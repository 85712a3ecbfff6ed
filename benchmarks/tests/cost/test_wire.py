"""The counted requests equal those received by a server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from entrepot_benchmarks.cost import count_operations

# In a separate process, because an audit hook cannot be removed.
SEND = """
import io, json, sys
from http.client import HTTPConnection
import requests, urllib3
from entrepot_benchmarks.cost.wire import Wire

port = int(sys.argv[1])
LIKE = b"GET /not-a-request HTTP/1.1\\r\\nHost: nowhere\\r\\n\\r\\n"
wire = Wire()
wire.listen()
assert not wire.heard
kept = HTTPConnection("127.0.0.1", port)
bodies = {
    "whole": LIKE,
    "text": LIKE.decode(),
    "file": io.BytesIO(LIKE * 1000),
    "pieces": [LIKE] * 3,
    "array": bytearray(LIKE),
    "none": None,
}
for name, body in bodies.items():
    length = {"Content-Length": str(3 * len(LIKE))} if name == "pieces" else {}
    kept.request("PUT", f"/{name}", body, length)
    kept.getresponse().read()
kept.request("PUT", "/chunked", iter([LIKE] * 3), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
kept.getresponse().read()
kept.close()
kept.request("HEAD", "/again")
kept.getresponse().read()
pool = urllib3.PoolManager()
for size in (0, 1, 100_000):
    pool.request("POST", f"http://127.0.0.1:{port}/pool", body=io.BytesIO(LIKE * size))
with requests.Session() as session:
    session.put(f"http://127.0.0.1:{port}/session", data=iter([LIKE, LIKE]))
    session.get(f"http://127.0.0.1:{port}/bucket?list-type=2")
print(json.dumps([wire.take(), wire.take(), wire.heard]))
"""


class Server(BaseHTTPRequestHandler):
    """Reads every body, and records every request."""

    protocol_version = "HTTP/1.1"
    seen: Counter[str]

    def answer(self) -> None:
        self.seen[self.command] += 1
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_PUT = do_POST = answer  # noqa: N815 - names required by the base class

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        pass


@pytest.fixture
def server() -> Iterator[tuple[int, Counter[str]]]:
    """A port, and the requests received on it by method."""
    seen: Counter[str] = Counter()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Noting", (Server,), {"seen": seen})) as running:
        running.daemon_threads = True
        thread = Thread(target=running.serve_forever)
        thread.start()
        yield running.server_address[1], seen
        running.shutdown()
        thread.join()


def test_every_request_is_counted_once_for_all_kinds_of_bodies(server: tuple[int, Counter[str]]) -> None:
    port, seen = server
    run = subprocess.run(
        [sys.executable, "-c", SEND, str(port)], capture_output=True, text=True, timeout=30, check=False
    )
    assert run.returncode == 0, run.stderr
    counted, afterwards, heard = json.loads(run.stdout)
    assert counted == {"PUT": 8, "HEAD": 1, "POST": 3, "GET list": 1}
    assert seen == {"PUT": 8, "HEAD": 1, "POST": 3, "GET": 1}
    assert (afterwards, heard) == ({}, True)


def test_a_driver_that_sends_bodies_in_pieces_is_counted_correctly(
    installed: None, server: tuple[int, Counter[str]], tmp_path: Path
) -> None:
    port, seen = server
    options = {"rootdirectory": str(tmp_path / "root"), "port": port}
    costs = count_operations("mine", "wired", options, blob_sizes=[10_000])
    # This driver sends one PUT for each put and one GET for each read.
    assert {cost.operation: cost.requests for cost in costs} == {
        cost.operation: {
            method: cost.calls[verb] for method, verb in (("PUT", "put"), ("GET", "read")) if verb in cost.calls
        }
        for cost in costs
    }
    assert sum(sum((cost.requests or {}).values()) for cost in costs) > 50
    assert seen.keys() == {"PUT", "GET"}
