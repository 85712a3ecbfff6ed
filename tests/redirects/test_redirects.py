"""Blobs are downloaded from the store; all other requests are answered by the host."""

from __future__ import annotations

from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
from support.client import Client
from support.containers import Skopeo
from support.content import digest_of
from support.images import OciLayout, Package, package, random_files
from support.push import missing_parts, push_image
from support.wire import Answer, Wire

from .conftest import Redirecting


@pytest.fixture
def blob(redirecting: Redirecting, repository: str) -> bytes:
    """Push a blob, without counting the requests of the push."""
    data = Random(repository).randbytes(500_000)  # noqa: S311  # content, not a secret
    assert redirecting.host.wire.push_blob(repository, data).status == 201
    redirecting.store.clear()
    return data


def _follow(location: str, headers: dict[str, str]) -> Answer:
    url = urlsplit(location)
    assert url.hostname is not None
    assert url.port is not None
    return Wire(url.hostname, url.port).request("GET", f"{url.path}?{url.query}", headers=headers)


def test_get_returns_307_with_a_url_for_the_content(redirecting: Redirecting, repository: str, blob: bytes) -> None:
    answer = redirecting.host.wire.blob(repository, digest_of(blob))

    assert answer.status == 307
    assert answer.headers["location"].startswith(f"http://127.0.0.1:{redirecting.store.port}/")
    served = _follow(answer.headers["location"], {})
    assert (served.status, served.body) == (200, blob)


@pytest.mark.parametrize(
    ("wanted", "first", "last"), [("bytes=10-99", 10, 99), ("bytes=499990-", 499_990, 499_999), ("bytes=0-0", 0, 0)]
)
def test_the_signed_url_supports_a_range(
    redirecting: Redirecting, repository: str, blob: bytes, wanted: str, first: int, last: int
) -> None:
    target = f"/v2/{repository}/blobs/{digest_of(blob)}"
    answer = redirecting.host.wire.request("GET", target, headers={"Range": wanted})

    assert answer.status == 307
    served = _follow(answer.headers["location"], {"Range": wanted})
    assert (served.status, served.body) == (206, blob[first : last + 1])
    assert served.headers["Content-Range"] == f"bytes {first}-{last}/{len(blob)}"


def test_several_ranges_are_served_by_the_host(redirecting: Redirecting, repository: str, blob: bytes) -> None:
    target = f"/v2/{repository}/blobs/{digest_of(blob)}"
    answer = redirecting.host.wire.request("GET", target, headers={"Range": "bytes=0-9,20-29"})

    assert answer.status == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert b"\r\n\r\n" + blob[20:30] + b"\r\n--" in answer.body


def test_head_is_answered_by_the_host(redirecting: Redirecting, repository: str, blob: bytes) -> None:
    answer = redirecting.host.wire.request("HEAD", f"/v2/{repository}/blobs/{digest_of(blob)}")

    assert answer.status == 200
    assert answer.headers["content-length"] == str(len(blob))
    assert answer.headers["docker-content-digest"] == digest_of(blob)
    assert redirecting.fetched() == []


def test_an_absent_blob_is_not_redirected(redirecting: Redirecting, repository: str, blob: bytes) -> None:
    assert redirecting.host.wire.blob(f"{repository}/other", digest_of(blob)).status == 404

    assert redirecting.host.wire.request("DELETE", f"/v2/{repository}/blobs/{digest_of(blob)}").status == 202
    assert redirecting.host.wire.blob(repository, digest_of(blob)).status == 404


def test_a_host_with_redirects_disabled_streams(redirecting: Redirecting, repository: str, blob: bytes) -> None:
    answer = redirecting.streaming.wire.blob(repository, digest_of(blob))

    assert (answer.status, answer.body) == (200, blob)
    part = redirecting.streaming.wire.request(
        "GET", f"/v2/{repository}/blobs/{digest_of(blob)}", headers={"Range": "bytes=10-99"}
    )
    assert (part.status, part.body) == (206, blob[10:100])


def test_no_log_of_the_host_contains_a_signature(redirecting: Redirecting, repository: str, blob: bytes) -> None:
    assert redirecting.host.wire.blob(repository, digest_of(blob)).status == 307
    redirecting.host.stop()
    output = redirecting.host.service.output()
    redirecting.host.start()

    assert "status=307" in output
    assert "Signature" not in output
    assert "of-the-tests" not in output


@pytest.fixture
def image(redirecting: Redirecting, repository: str) -> Package:
    """Push an image with three layers that no other test has."""
    image = package(random_files(repository, 3_000_000, 200_000, 17))
    push_image(redirecting.host.wire, repository, image, "v1")
    redirecting.store.clear()
    return image


def _assert_all_fetched(redirecting: Redirecting, image: Package) -> None:
    """Assert that all layers and the config were downloaded from the store instead of the host."""
    fetched = " ".join(redirecting.fetched())
    for blob in image.blobs:
        assert digest_of(blob).removeprefix("sha256:") in fetched


def test_skopeo_pulls(redirecting: Redirecting, image: Package, skopeo: Skopeo, repository: str, folder: Path) -> None:
    skopeo.copy(f"docker://{redirecting.host.address}/{repository}:v1", f"dir:{folder}/back")

    assert skopeo.run("manifest-digest", f"{folder}/back/manifest.json").strip() == image.digest
    _assert_all_fetched(redirecting, image)


def test_podman_pulls(redirecting: Redirecting, image: Package, podman: Client, repository: str) -> None:
    name = f"{redirecting.host.address}/{repository}:v1"
    podman.run("pull", "--tls-verify=false", name)

    assert podman.run("images", "--format={{.Digest}}", name).strip() == image.digest
    _assert_all_fetched(redirecting, image)


def test_the_docker_engine_pulls(redirecting: Redirecting, image: Package, docker: Client, repository: str) -> None:
    name = f"{redirecting.host.address}/{repository}:v1"
    output = docker.run("pull", name)
    docker.run("rmi", name)

    assert f"Digest: {image.digest}" in output
    _assert_all_fetched(redirecting, image)


def test_an_image_pushed_by_skopeo_is_pulled_from_either_host(
    redirecting: Redirecting, skopeo: Skopeo, repository: str, folder: Path
) -> None:
    image = package(random_files(repository, 100_000, 12_000_000))
    skopeo.copy(OciLayout(folder / "mine").add("v1", image), f"docker://{redirecting.host.address}/{repository}:v1")

    assert missing_parts(redirecting.streaming.wire, repository, image, "v1") == []
    skopeo.copy(f"docker://{redirecting.host.address}/{repository}:v1", f"dir:{folder}/back")
    _assert_all_fetched(redirecting, image)
