"""The fixture ``registry``: a real one, with faults on purpose."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from entrepot.testing.running import RunningRegistry


def test_an_image_is_pushed_listed_and_pulled(registry: RunningRegistry) -> None:
    digest = registry.push_image("team/app", "v1", (b"one", b"two"))
    assert registry.stored() == {"team/app": ["v1"]}
    answer = httpx.get(f"{registry.url}/v2/team/app/manifests/v1")
    assert (answer.status_code, answer.headers["docker-content-digest"]) == (200, digest)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_the_next_requests_of_a_kind_are_answered_with_an_error(registry: RunningRegistry, status: int) -> None:
    registry.push_image("a", "v1")
    registry.faults.answer(status, times=2, method="GET", path="/manifests/", retry_after=7)
    with httpx.Client(base_url=registry.url) as client:
        assert client.get("/v2/").status_code == 200
        answers = [client.get("/v2/a/manifests/v1") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].headers["retry-after"] == "7"
    assert answers[0].json()["errors"][0]["code"] in {"UNKNOWN", "TOOMANYREQUESTS"}


def test_a_request_is_delayed(registry: RunningRegistry) -> None:
    registry.faults.delay(0.5)
    start = time.monotonic()
    assert httpx.get(f"{registry.url}/v2/").status_code == 200
    assert time.monotonic() - start >= 0.5


def test_a_body_is_cut_and_the_next_is_whole(registry: RunningRegistry) -> None:
    digest = registry.push_image("a", "v1")
    registry.faults.cut(10, path="/manifests/")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{registry.url}/v2/a/manifests/v1")
    assert httpx.get(f"{registry.url}/v2/a/manifests/{digest}").status_code == 200


def test_connections_are_refused_for_a_while_and_nothing_is_lost(registry: RunningRegistry) -> None:
    registry.push_image("a", "v1")
    with registry.unreachable(), pytest.raises(httpx.ConnectError):
        httpx.get(f"{registry.url}/v2/")
    assert registry.stored() == {"a": ["v1"]}


def test_faults_are_forgotten(registry: RunningRegistry) -> None:
    registry.faults.answer(500, times=9)
    registry.faults.clear()
    assert httpx.get(f"{registry.url}/v2/").status_code == 200


@pytest.mark.registry(storage={"inmemory": {}, "delete": {"enabled": True}})
def test_the_marker_configures_it(registry: RunningRegistry) -> None:
    digest = registry.push_image("a", "v1")
    assert httpx.delete(f"{registry.url}/v2/a/manifests/{digest}").status_code == 202


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = threading.enumerate()
    with RunningRegistry(tmp_path, {}) as running:
        running.push_image("a", "v1")
        address = running.url
    assert threading.enumerate() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


def test_the_plugin_imports_no_server_until_it_is_used() -> None:
    code = "import sys, entrepot.testing.plugin; print([n for n in ('falcon', 'waitress', 'yaml') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed; Debian's package skopeo brings it")
def test_skopeo_finds_the_image(registry: RunningRegistry) -> None:
    digest = registry.push_image("a", "v1")
    command = ["skopeo", "inspect", "--tls-verify=false", "--raw", f"docker://{registry.address}/a:v1"]
    said = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout
    assert httpx.get(f"{registry.url}/v2/a/manifests/{digest}").content == said
