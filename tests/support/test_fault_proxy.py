"""The fault proxy forwards requests unchanged, records them, and injects faults."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from support.proxies.fault_proxy import FaultProxy
from support.services.network import HOST
from support.wire import Wire, WireError

MIB = 2**20


class Backend(BaseHTTPRequestHandler):
    """PUT returns the hash of the body; GET of a number returns this many bytes, chunked below ``/chunked/``."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        size = int(self.path.rpartition("/")[2])
        self.send_response(200)
        if self.path.startswith("/chunked/"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(f"{size:x}\r\n".encode() + b"x" * size + b"\r\n0\r\nTrailer: there\r\n\r\n")
        elif self.path.startswith("/until-close/"):
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"x" * size)
        else:
            self.send_header("Content-Length", str(size))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else b"x" * size)

    do_HEAD = do_GET  # noqa: N815 - the name in the base class

    def do_PUT(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers["Content-Length"]))
        answer = sha256(data).hexdigest().encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Do not log."""


@pytest.fixture(scope="module")
def backend() -> Iterator[int]:
    with ThreadingHTTPServer((HOST, 0), Backend) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield server.server_address[1]
        server.shutdown()
        serving.join()


@pytest.fixture
def proxy(backend: int) -> Iterator[FaultProxy]:
    with FaultProxy(backend) as proxy:
        yield proxy


@pytest.fixture
def wire(proxy: FaultProxy) -> Wire:
    return Wire(HOST, proxy.port, timeout=2)


@pytest.fixture
def kept(proxy: FaultProxy) -> Iterator[http.client.HTTPConnection]:
    """Return one connection for many requests."""
    connection = http.client.HTTPConnection(HOST, proxy.port, timeout=5)
    yield connection
    connection.close()


def ask(connection: http.client.HTTPConnection, method: str, target: str, body: object = None) -> tuple[int, bytes]:
    connection.request(method, target, body)  # type: ignore[arg-type]  # an iterable is sent in chunks
    response = connection.getresponse()
    return response.status, response.read()


def test_requests_on_one_connection_are_forwarded_and_recorded(
    proxy: FaultProxy, kept: http.client.HTTPConnection
) -> None:
    assert ask(kept, "GET", "/10") == (200, b"x" * 10)
    assert ask(kept, "HEAD", "/10") == (200, b"")
    assert ask(kept, "GET", "/chunked/20") == (200, b"x" * 20)
    assert ask(kept, "PUT", "/a?b=c", b"body") == (201, sha256(b"body").hexdigest().encode())
    assert ask(kept, "PUT", "/chunks", iter([b"one", b"two"])) == (201, sha256(b"onetwo").hexdigest().encode())
    assert ask(kept, "GET", "/until-close/30") == (200, b"x" * 30)

    assert proxy.requests == [
        ("GET", "/10", 200),
        ("HEAD", "/10", 200),
        ("GET", "/chunked/20", 200),
        ("PUT", "/a?b=c", 201),
        ("PUT", "/chunks", 201),
        ("GET", "/until-close/30", 200),
    ]
    proxy.clear()
    assert proxy.requests == []


def test_a_body_waits_for_100_continue(proxy: FaultProxy, wire: Wire) -> None:
    exchange = wire.begin("PUT", "/a", 4, {"Expect": "100-continue"})
    time.sleep(0.05)
    exchange.send(b"body")

    assert exchange.answer().body == sha256(b"body").hexdigest().encode()


def test_a_large_body_is_forwarded_quickly(proxy: FaultProxy, wire: Wire) -> None:
    body = bytes(100 * MIB)
    start = time.monotonic()

    answer = wire.request("PUT", "/large", body)

    assert answer.body == sha256(body).hexdigest().encode()
    assert len(wire.request("GET", f"/{100 * MIB}").body) == 100 * MIB
    assert time.monotonic() - start < 10


def test_refused_connections_are_accepted_again_after_heal(
    proxy: FaultProxy, wire: Wire, kept: http.client.HTTPConnection
) -> None:
    assert ask(kept, "GET", "/1") == (200, b"x")
    proxy.refuse()

    with pytest.raises(WireError, match="ConnectionRefusedError"):
        wire.request("GET", "/1")
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        ask(kept, "GET", "/1")

    proxy.heal()
    assert wire.request("GET", "/1").status == 200


def test_a_delayed_request_is_forwarded(proxy: FaultProxy, wire: Wire) -> None:
    proxy.delay(1, times=1)
    start = time.monotonic()

    assert wire.request("GET", "/1").status == 200
    assert time.monotonic() - start >= 1

    start = time.monotonic()
    assert wire.request("GET", "/1").status == 200
    assert time.monotonic() - start < 1


def test_a_hanging_request_gets_no_response(proxy: FaultProxy, backend: int) -> None:
    proxy.hang()

    with pytest.raises(WireError, match="timed out"):
        Wire(HOST, proxy.port, timeout=0.3).request("PUT", "/a", b"body")

    assert proxy.requests == [("PUT", "/a", 0)]


def test_a_request_with_a_dropped_response_was_processed(proxy: FaultProxy, wire: Wire) -> None:
    proxy.drop(times=1)

    with pytest.raises(WireError, match="RemoteDisconnected"):
        wire.request("PUT", "/a", b"body")

    assert wire.request("PUT", "/a", b"body").status == 201


@pytest.mark.parametrize("path", ["", "/chunked", "/until-close"])
def test_a_response_is_cut_after_the_given_number_of_bytes(proxy: FaultProxy, wire: Wire, path: str) -> None:
    proxy.cut(1000)

    if path == "/until-close":  # the client cannot detect it
        assert len(wire.request("GET", f"{path}/1000000").body) == 1000
    else:
        with pytest.raises(WireError, match="IncompleteRead"):
            wire.request("GET", f"{path}/1000000")
    assert len(wire.request("GET", "/999").body) == 999


def test_matching_requests_get_a_generated_response(proxy: FaultProxy, wire: Wire) -> None:
    proxy.answer(503, b"slow down", {"Retry-After": "7"}, matching=lambda method, target: method == "PUT", times=2)

    for _ in range(2):
        answer = wire.request("PUT", "/a", bytes(MIB))
        assert (answer.status, answer.body, answer.headers["retry-after"]) == (503, b"slow down", "7")
        assert wire.request("GET", "/1").status == 200
    assert wire.request("PUT", "/a", b"body").status == 201
    assert [status for _, _, status in proxy.requests] == [503, 200, 503, 200, 201]


def test_slow_limits_the_rate_in_both_directions(proxy: FaultProxy, wire: Wire) -> None:
    proxy.slow(100_000)
    for request in (("PUT", "/a", bytes(50_000)), ("GET", "/50000")):
        start = time.monotonic()
        assert wire.request(*request).status in {200, 201}
        assert 0.4 < time.monotonic() - start < 5


def test_heal_ends_a_delay(proxy: FaultProxy, wire: Wire) -> None:
    proxy.delay(60)
    threading.Timer(0.2, proxy.heal).start()

    assert wire.request("GET", "/1").status == 200


def test_no_thread_is_left_when_the_context_ends(backend: int) -> None:
    before = set(threading.enumerate())
    with FaultProxy(backend) as proxy:
        proxy.hang()
        exchange = Wire(HOST, proxy.port).begin("PUT", "/a", 100)
        exchange.send(b"some")
        while not proxy.requests:
            time.sleep(0.01)

    with pytest.raises(WireError):
        exchange.answer()
    # Ignore proxies of other tests, which may live for the whole session.
    left = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("fault-proxy")]
    assert left == []
