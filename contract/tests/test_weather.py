"""The proxy of the kit, and the options that lead through it."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from entrepot_contract.testing.weather import Proxy, refusing, silent, through

HERE = ("127.0.0.1", 4711)
THERE = ("127.0.0.1", 9999)


class Echo(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


class EchoHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while data := self.request.recv(2**16):
                self.request.sendall(data)
        except OSError:
            return


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Echo(("127.0.0.1", 0), EchoHandler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with Proxy(("127.0.0.1", server.server_address[1])) as proxy:
            yield proxy
        server.shutdown()


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(proxy.address, timeout=5)


def echoed(link: socket.socket, data: bytes) -> bytes:
    """Send bytes, and return what comes back until all have, or the connection ends."""
    threading.Thread(target=link.sendall, args=[data], daemon=True).start()
    got = b""
    while len(got) < len(data) and (piece := link.recv(2**16)):
        got += piece
    return got


def test_bytes_pass_in_both_directions(proxy: Proxy) -> None:
    data = bytes(range(256)) * 20_000
    with connect(proxy) as one, connect(proxy) as two:
        assert echoed(one, data) == data
        assert echoed(two, b"two") == b"two"
        assert proxy.connections == proxy.accepted == 2
    until = time.monotonic() + 10
    while proxy.connections:
        assert time.monotonic() < until, "closed connections are still counted"
        time.sleep(0.01)


def test_an_end_of_one_direction_is_passed_on(proxy: Proxy) -> None:
    with connect(proxy) as link:
        link.sendall(b"last")
        link.shutdown(socket.SHUT_WR)
        assert link.recv(100) == b"last"
        assert link.recv(100) == b""


def test_refused_connections_are_reset_and_the_port_is_kept(proxy: Proxy) -> None:
    with connect(proxy) as link:
        assert echoed(link, b"x") == b"x"
        proxy.refuse()
        with pytest.raises(ConnectionError):
            link.recv(1)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
    proxy.heal()
    with connect(proxy) as link:
        assert echoed(link, b"y") == b"y"


def test_a_stalled_connection_goes_on_when_healed(proxy: Proxy) -> None:
    with connect(proxy) as link:
        proxy.stall()
        link.sendall(b"waits")
        link.settimeout(0.1)
        with pytest.raises(TimeoutError):
            link.recv(100)
        proxy.heal()
        link.settimeout(5)
        assert link.recv(100) == b"waits"


@pytest.mark.parametrize("direction", ["request", "response"])
def test_a_connection_is_cut_after_so_many_bytes(proxy: Proxy, direction: str) -> None:
    proxy.cut(direction, 1000, how="end", times=1)  # type: ignore[arg-type]  # one of the two
    with connect(proxy) as link:
        assert len(echoed(link, b"x" * 5000)) <= 1000
    assert proxy.cuts == 1
    with connect(proxy) as link:
        assert len(echoed(link, b"x" * 5000)) == 5000, "only one connection was to be cut"


def test_a_cut_connection_is_reset(proxy: Proxy) -> None:
    proxy.cut("response", 0)
    for _ in range(2):
        with connect(proxy) as link, pytest.raises(ConnectionError):
            echoed(link, b"x")


def test_the_response_with_a_number_is_lost(proxy: Proxy) -> None:
    proxy.lose(2, how="end")
    with connect(proxy) as link:
        assert echoed(link, b"0") == b"0"
    with connect(proxy) as link:
        assert echoed(link, b"1") == b"1"
        assert echoed(link, b"2") == b""
    with connect(proxy) as link:
        assert echoed(link, b"3") == b"3"


def test_the_request_with_a_number_is_dropped(proxy: Proxy) -> None:
    with connect(proxy) as one, connect(proxy) as two:
        assert echoed(one, b"before") == b"before"
        proxy.drop(1)
        assert echoed(one, b"first") == b"first"
        two.sendall(b"second")
        with pytest.raises(ConnectionResetError):
            two.recv(1)
        assert proxy.cuts == 1
        assert echoed(one, b"third") == b"third"


def test_a_slow_connection_passes_bytes_one_by_one(proxy: Proxy) -> None:
    with connect(proxy) as link:
        proxy.slow_down(3, "response")
        began = time.monotonic()
        link.sendall(b"0123456789")
        assert [len(link.recv(100)) for _ in range(3)] == [1, 1, 1]
        assert time.monotonic() - began >= 0.9


def test_delays_and_rates_are_kept(proxy: Proxy) -> None:
    with connect(proxy) as link:
        proxy.delay(0.2, "response")
        began = time.monotonic()
        assert echoed(link, b"late") == b"late"
        assert time.monotonic() - began >= 0.2
        proxy.heal()
        proxy.slow_down(100_000)
        began = time.monotonic()
        assert echoed(link, b"x" * 20_000) == b"x" * 20_000
        assert time.monotonic() - began >= 0.2


def test_close_leaves_no_thread_and_can_be_repeated(proxy: Proxy) -> None:
    link = connect(proxy)
    proxy.close()
    proxy.close()
    assert "weather" not in {thread.name for thread in threading.enumerate()}
    with link, pytest.raises(ConnectionError):
        link.recv(1)


def test_connections_are_refused_and_requests_get_no_response() -> None:
    with refusing(HERE) as address, pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
    with silent(HERE) as address, socket.create_connection(address, timeout=0.1) as link:
        link.sendall(b"x")
        with pytest.raises(TimeoutError):
            link.recv(1)


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({"url": "http://127.0.0.1:4711/a"}, {"url": "http://127.0.0.1:9999/a"}),
        ({"a": [{"b": "x=127.0.0.1:4711;y=1"}]}, {"a": [{"b": "x=127.0.0.1:9999;y=1"}]}),
        ({"host": "127.0.0.1", "port": 4711, "n": 4711.5}, {"host": "127.0.0.1", "port": 9999, "n": 4711.5}),
        ({"in": {"server": "127.0.0.1", "port": "4711"}}, {"in": {"server": "127.0.0.1", "port": "9999"}}),
    ],
)
def test_the_endpoint_is_replaced_at_any_depth(options: dict[str, object], changed: dict[str, object]) -> None:
    assert through(options, HERE, THERE) == changed


@pytest.mark.parametrize(
    "options",
    [{"url": "http://127.0.0.1:47110/"}, {"port": 4711}, {"url": "x127.0.0.1:4711"}, {"host": "127.0.0.1"}, {}],
)
def test_options_without_the_endpoint_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(LookupError, match=r"127\.0\.0\.1:4711"):
        through(options, HERE, THERE)


def test_names_of_other_machines_are_replaced_and_loopback_names_kept() -> None:
    assert through({"url": "https://s3.example:443/"}, ("s3.example", 443), THERE) == {"url": "https://127.0.0.1:9999/"}
    assert through({"url": "https://[::1]:443/"}, ("::1", 443), ("::1", 9)) == {"url": "https://[::1]:9/"}
    assert through({"url": "https://localhost:443/"}, ("localhost", 443), THERE) == {"url": "https://localhost:9999/"}
