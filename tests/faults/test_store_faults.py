"""A store that is unreachable, hangs, fails or disconnects: clients get 503, and no request hangs."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from random import Random

import pytest
from support.content import OCI_MANIFEST, digest_of
from support.images import Package, package, random_files
from support.proxies.fault_proxy import FaultProxy
from support.push import missing_parts, push_image
from support.services.ceph import PROGRAMS, Ceph
from support.services.entrepot import entrepot
from support.services.programs import need
from support.services.registry import Registry, write_config
from support.services.s3 import s3_options
from support.wire import Answer, Wire, WireError, with_digest

MIB = 2**20
# Longer than the store needs on a busy machine: the same host is used after the fault.
TIMEOUT_SECONDS = 5
# The driver tries twice; the host retries for ten seconds, and once more if a call began before.
LONGEST_SECONDS = 10 + 2 * TIMEOUT_SECONDS + 10

SLOW_DOWN = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"


@dataclass(frozen=True)
class Scene:
    """A host, its store behind a proxy, and an image that exists."""

    host: Registry
    store: FaultProxy
    image: Package

    @property
    def wire(self) -> Wire:
        """Return a wire with a long timeout, so that a hanging host is detected."""
        return Wire("127.0.0.1", self.host.port, timeout=120)


@pytest.fixture(scope="module")
def shared_scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Start one host for all tests, which must not stop it."""
    need(request, *PROGRAMS)
    ceph: Ceph = request.getfixturevalue("ceph")
    folder = tmp_path_factory.mktemp("store-faults")
    with FaultProxy(ceph.port) as proxy:
        timeouts = {"connecttimeout": TIMEOUT_SECONDS, "readtimeout": TIMEOUT_SECONDS}
        storage = {"s3": s3_options(ceph, port=proxy.port) | timeouts, "redirect": {"disable": True}}
        config = write_config(folder / "config.yml", storage, http={"workers": 1})
        host = entrepot(config, folder / "host", server="granian")
        image = package(random_files("there", 20, 3 * MIB))
        try:
            host.start()
            push_image(host.wire, "app", image, "latest")
            yield Scene(host, proxy, image)
        finally:
            proxy.heal()
            host.stop()
            shutil.rmtree(folder)


@pytest.fixture
def scene(shared_scene: Scene) -> Iterator[Scene]:
    """Remove all faults of the store before and after each test."""
    shared_scene.store.clear()
    yield shared_scene
    shared_scene.store.heal()


FAULTS: dict[str, Callable[[FaultProxy], None]] = {
    "refuses": FaultProxy.refuse,
    "hangs": FaultProxy.hang,
    "answers 503": lambda store: store.answer(503, SLOW_DOWN, {"Content-Type": "application/xml"}),
    "answers 500 in HTML": lambda store: store.answer(500, b"<html>", {"Content-Type": "text/html"}),
    "hangs up": FaultProxy.drop,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_request_gets_503_in_time_and_succeeds_afterwards(scene: Scene, fault: str, repository: str) -> None:
    wire, image = scene.wire, scene.image
    blob = Random(fault).randbytes(6 * MIB)  # noqa: S311  # content, not a secret
    layer = digest_of(image.blobs[1])
    patched, finished = (wire.start_upload(repository) for _ in range(2))
    finished = wire.patch(finished, blob).location
    requests: dict[str, tuple[str, str, bytes]] = {
        "manifest by tag": ("GET", "/v2/app/manifests/latest", b""),
        "manifest by digest": ("HEAD", f"/v2/app/manifests/{image.digest}", b""),
        "blob": ("GET", f"/v2/app/blobs/{layer}", b""),
        "HEAD of a blob": ("HEAD", f"/v2/app/blobs/{layer}", b""),
        "tags": ("GET", "/v2/app/tags/list", b""),
        "catalog": ("GET", "/v2/_catalog", b""),
        "start": ("POST", f"/v2/{repository}/blobs/uploads/", b""),
        "mount": ("POST", f"/v2/{repository}/blobs/uploads/?mount={layer}&from=app", b""),
        "chunk": ("PATCH", patched, blob),
        "small blob": ("POST", f"/v2/{repository}/blobs/uploads/?digest={digest_of(b'small')}", b"small"),
        "end": ("PUT", with_digest(finished, digest_of(blob)), b""),
        "manifest": ("PUT", "/v2/app/manifests/again", image.manifest),
        "deletion": ("DELETE", "/v2/app/manifests/none", b""),
    }

    def ask(request: tuple[str, str, bytes]) -> tuple[Answer, float]:
        method, target, body = request
        headers = {"Content-Type": OCI_MANIFEST if "/manifests/" in target else "application/octet-stream"}
        start = time.monotonic()
        return wire.request(method, target, body, headers), time.monotonic() - start

    FAULTS[fault](scene.store)
    with ThreadPoolExecutor(len(requests)) as clients:
        answers = dict(zip(requests, clients.map(ask, requests.values()), strict=True))
    scene.store.heal()

    for name, (answer, seconds) in answers.items():
        assert answer.status == 503, f"{name}: {answer}"
        assert int(answer.headers["retry-after"]) >= 1, name
        assert answer.headers["content-type"] == "application/json", name
        if requests[name][0] != "HEAD":
            assert json.loads(answer.body)["errors"][0]["code"] == "UNAVAILABLE", name
        assert seconds < LONGEST_SECONDS, name
    assert missing_parts(wire, "app", image, "latest") == []
    _finish(wire, repository, patched, blob)
    _finish(wire, repository, finished, blob)


def _finish(wire: Wire, repository: str, location: str, blob: bytes) -> None:
    """Resume an upload at the offset that the host reports. After a failed completion it may already be finished."""
    status = wire.request("GET", location)
    if status.status == 404:
        status = wire.request("GET", wire.start_upload(repository))
    assert status.status == 204, status
    patched = wire.patch(status.location, blob[status.received :], status.received)
    assert patched.status == 202, patched
    assert wire.finish(patched.location, digest_of(blob)).status == 201
    assert wire.hash_of(f"/v2/{repository}/blobs/{digest_of(blob)}") == digest_of(blob)


def test_a_blob_truncated_by_the_store_is_not_a_complete_response(scene: Scene) -> None:
    scene.store.cut(MIB)

    with pytest.raises(WireError):
        scene.wire.blob("app", digest_of(scene.image.blobs[1]))


def test_a_manifest_truncated_by_the_store_is_not_served(scene: Scene) -> None:
    image = package(random_files("cut", 20))
    push_image(scene.wire, "cut", image, "latest")
    scene.host.stop()
    scene.host.start()
    scene.store.cut(10, matching=lambda method, target: method == "GET")

    assert scene.wire.manifest("cut", "latest").status == 503
    scene.store.heal()
    assert scene.wire.manifest("cut", "latest").body == image.manifest


def test_the_host_waits_for_a_slow_store(scene: Scene) -> None:
    scene.store.slow(2 * MIB)

    assert missing_parts(scene.wire, "app", scene.image, "latest") == []


def test_a_temporary_failure_of_the_endpoint_is_retried(scene: Scene, repository: str) -> None:
    image = package(random_files(repository, 20, 100_000))
    scene.store.answer(503, SLOW_DOWN, times=2)

    push_image(scene.wire, repository, image, "latest")

    assert missing_parts(scene.wire, repository, image, "latest") == []


@pytest.mark.parametrize("size", [50_000, 12 * MIB])
def test_clients_do_not_notice_a_lost_response_of_the_store(scene: Scene, repository: str, size: int) -> None:
    content = Random(size).randbytes(size)  # noqa: S311  # content, not a secret
    for lost in count():
        seen = count()
        scene.store.drop(matching=partial(_is_number, seen, lost), times=1)
        blob = content[8:] + lost.to_bytes(8)

        first = scene.wire.patch(scene.wire.start_upload(repository), blob[: size // 2], 0)
        second = scene.wire.patch(first.location, blob[size // 2 :], size // 2)
        assert scene.wire.finish(second.location, digest_of(blob)).status == 201, f"the response to request {lost}"

        if next(seen) <= lost:
            assert lost >= 6, "an upload makes more requests than this"
            break
        scene.store.heal()
        assert scene.wire.hash_of(f"/v2/{repository}/blobs/{digest_of(blob)}") == digest_of(blob)


def _is_number(seen: Iterator[int], number: int, method: str, target: str) -> bool:
    return next(seen) == number
