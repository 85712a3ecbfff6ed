"""The fixture ``registry``, with injected faults."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from entrepot.plugins import PluginError
from entrepot.testing.running import RunningRegistry


def test_an_image_is_pushed_listed_and_pulled(registry: RunningRegistry) -> None:
    digest = registry.push_image("team/app", "v1", (b"one", b"two"))
    assert registry.stored() == {"team/app": ["v1"]}
    answer = httpx.get(f"{registry.url}/v2/team/app/manifests/v1")
    assert (answer.status_code, answer.headers["docker-content-digest"]) == (200, digest)


@pytest.mark.parametrize(("status", "code"), [(500, "UNKNOWN"), (503, "UNAVAILABLE"), (429, "TOOMANYREQUESTS")])
def test_the_next_matching_requests_return_an_error(registry: RunningRegistry, status: int, code: str) -> None:
    registry.push_image("a", "v1")
    registry.faults.answer(status, times=2, method="GET", path="/manifests/", retry_after=7)
    with httpx.Client(base_url=registry.url) as client:
        assert client.get("/v2/").status_code == 200
        answers = [client.get("/v2/a/manifests/v1") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].headers["retry-after"] == "7"
    assert answers[0].json()["errors"][0]["code"] == code
    with pytest.raises(ValueError, match="599 is not a valid HTTPStatus"):
        registry.faults.answer(599)
    with pytest.raises(ValueError, match="times is 0, and must be at least 1"):
        registry.faults.delay(1, times=0)


def test_a_request_is_delayed(registry: RunningRegistry) -> None:
    registry.faults.delay(0.5)
    start = time.monotonic()
    assert httpx.get(f"{registry.url}/v2/").status_code == 200
    assert time.monotonic() - start >= 0.5


def test_a_body_is_truncated_and_the_next_is_complete(registry: RunningRegistry) -> None:
    digest = registry.push_image("a", "v1")
    registry.faults.cut(10, path="/manifests/")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{registry.url}/v2/a/manifests/v1")
    assert httpx.get(f"{registry.url}/v2/a/manifests/{digest}").status_code == 200


def test_connections_are_refused_temporarily_and_nothing_is_lost(registry: RunningRegistry) -> None:
    registry.push_image("a", "v1")
    with httpx.Client(base_url=registry.url) as kept:
        assert kept.get("/v2/").status_code == 200
        with registry.unreachable():
            with pytest.raises(httpx.TransportError):
                kept.get("/v2/")
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{registry.url}/v2/")
        assert kept.get("/v2/a/manifests/v1").status_code == 200
    assert registry.stored() == {"a": ["v1"]}


def test_faults_can_be_cleared(registry: RunningRegistry) -> None:
    registry.faults.answer(500, times=9)
    assert httpx.get(f"{registry.url}/v2/").status_code == 500
    assert registry.faults.left == 8
    registry.faults.clear()
    assert httpx.get(f"{registry.url}/v2/").status_code == 200
    assert registry.faults.left == 0


@pytest.mark.registry(storage={"inmemory": {}, "delete": {"enabled": True}})
def test_the_marker_configures_it(registry: RunningRegistry) -> None:
    digest = registry.push_image("a", "v1")
    assert httpx.delete(f"{registry.url}/v2/a/manifests/{digest}").status_code == 202


def held() -> tuple[list[threading.Thread], list[str]]:
    """Returns the threads of this process, and the file descriptors of its sockets and pipes."""
    links = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # that of the listing itself
            links.append(os.readlink(f"/proc/self/fd/{number}"))
    return threading.enumerate(), sorted(link for link in links if link.startswith(("socket:", "pipe:")))


def get(address: str, seen: list[object]) -> None:
    try:
        seen.append(httpx.get(address, timeout=30).status_code)
    except httpx.HTTPError as error:
        seen.append(type(error))


def test_closing_leaves_nothing_and_aborts_a_delayed_request(tmp_path: Path) -> None:
    before = held()
    seen: list[object] = []
    with RunningRegistry(tmp_path, {}) as running:
        running.push_image("a", "v1", (bytes(20_000_000),))
        (layer,) = httpx.get(f"{running.url}/v2/a/manifests/v1").json()["layers"]
        running.faults.delay(60, path="^/v2/$")
        waiting = threading.Thread(target=get, args=(f"{running.url}/v2/", seen))
        waiting.start()
        stuck = socket.create_connection(("127.0.0.1", int(running.address.rpartition(":")[2])))
        stuck.sendall(f"GET /v2/a/blobs/{layer['digest']} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert stuck.recv(8) == b"HTTP/1.1"
        while running.faults.left:
            time.sleep(0.01)
        start = time.monotonic()
    assert time.monotonic() - start < 5
    stuck.close()
    waiting.join(10)
    assert seen == [httpx.RemoteProtocolError]
    assert held() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.url)


def test_a_configuration_that_cannot_be_served_leaves_nothing(tmp_path: Path) -> None:
    before = held()
    with pytest.raises(PluginError, match="no storage plugin is called 'inmemry'"):
        RunningRegistry(tmp_path, {"storage": {"inmemry": {}}})
    assert held() == before


def test_the_plugin_imports_no_server_until_it_is_used() -> None:
    code = "import sys, entrepot.testing.plugin; print([n for n in ('falcon', 'waitress', 'yaml') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed; Debian's package skopeo brings it")
def test_skopeo_finds_the_image(registry: RunningRegistry) -> None:
    digest = registry.push_image("a", "v1")
    command = ["skopeo", "inspect", "--tls-verify=false", "--raw", f"docker://{registry.address}/a:v1"]
    start = time.monotonic()
    said = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout
    assert time.monotonic() - start < 10, "it tried TLS, and waited 10 seconds for an answer"
    assert httpx.get(f"{registry.url}/v2/a/manifests/{digest}").content == said
