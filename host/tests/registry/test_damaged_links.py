"""A link without a digest affects only itself: it is absent, can be deleted, and a push rewrites it."""

from __future__ import annotations

import logging
from typing import Final

import pytest
from support.content import digest_of, encoded, image
from support.host import Process, keys_of

from entrepot.registry import layout
from entrepot.registry.names import parse_digest
from entrepot_contract import StorageDriver

LAYER = b"a layer"
DIGEST = parse_digest(digest_of(LAYER))
MANIFEST = encoded(image())
REVISION = parse_digest(digest_of(MANIFEST))
GARBAGE: Final = {
    "empty": b"",
    "words": b"no digest",
    "zeros": bytes(71),
    "not ASCII": b"\xff" * 71,
    "half": str(DIGEST)[:40].encode(),
    "another algorithm": b"md5:" + b"0" * 32,
    "long": b"x" * 5000,
    "another digest": digest_of(b"something else").encode(),
}


@pytest.fixture(params=list(GARBAGE))
def garbage(request: pytest.FixtureRequest) -> bytes:
    return GARBAGE[request.param]


@pytest.fixture
def app(host: Process) -> Process:
    host.push_blob("app", b"{}")
    host.push_blob("app", LAYER)
    host.push_manifest("app", "latest", MANIFEST)
    host.push_manifest("app", "kept", image(annotations={"a": "b"}))
    return host


def warnings(caplog: pytest.LogCaptureFixture, key: str) -> int:
    return sum(record.levelno == logging.WARNING and key in record.getMessage() for record in caplog.records)


def test_a_damaged_link_of_a_layer_is_absent_until_the_layer_is_pushed_again(
    app: Process, driver: StorageDriver, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    key = layout.layer("app", DIGEST)
    driver.put(key, garbage)
    for _ in range(2):
        assert app.request("HEAD", f"/v2/app/blobs/{DIGEST}").status_code == 404
        assert app.request("GET", f"/v2/app/blobs/{DIGEST}").status_code == 404
        assert app.request("POST", f"/v2/b/blobs/uploads/?mount={DIGEST}&from=app").status_code == 202
    assert warnings(caplog, key) == 1
    app.push_blob("app", LAYER)
    assert app.blob("app", str(DIGEST)).content == LAYER


def test_a_damaged_link_of_a_layer_can_be_deleted(app: Process, driver: StorageDriver, garbage: bytes) -> None:
    key = layout.layer("app", DIGEST)
    driver.put(key, garbage)
    assert app.request("DELETE", f"/v2/app/blobs/{DIGEST}").status_code == 202
    assert key not in keys_of(driver)
    assert app.request("DELETE", f"/v2/app/blobs/{DIGEST}").status_code == 404


def test_a_damaged_link_of_a_revision_is_absent_until_the_manifest_is_pushed_again(
    app: Process, driver: StorageDriver, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    key = layout.revision("app", REVISION)
    driver.put(key, garbage)
    for _ in range(2):
        assert app.request("GET", f"/v2/app/manifests/{REVISION}").status_code == 404
        assert app.request("HEAD", f"/v2/app/manifests/{REVISION}").status_code == 404
    assert warnings(caplog, key) == 1
    app.push_manifest("app", str(REVISION), MANIFEST)
    assert app.request("GET", f"/v2/app/manifests/{REVISION}").content == MANIFEST


def test_a_damaged_link_of_a_revision_can_be_deleted(app: Process, driver: StorageDriver, garbage: bytes) -> None:
    driver.put(layout.revision("app", REVISION), garbage)
    assert app.request("DELETE", f"/v2/app/manifests/{REVISION}").status_code == 202
    assert app.request("GET", "/v2/app/tags/list").json["tags"] == ["kept"]
    assert layout.revision("app", REVISION) not in keys_of(driver)


NO_DIGEST = [kind for kind in GARBAGE if kind != "another digest"]


@pytest.mark.parametrize("kind", NO_DIGEST)
def test_a_damaged_tag_is_unknown_until_it_is_pushed_or_deleted(
    app: Process, driver: StorageDriver, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = layout.tag_current("app", "latest")
    driver.put(key, GARBAGE[kind])
    for method in ("GET", "HEAD"):
        assert app.request(method, "/v2/app/manifests/latest").status_code == 404
    assert warnings(caplog, key) == 1
    app.push_manifest("app", "latest", MANIFEST)
    assert app.request("GET", "/v2/app/manifests/latest").content == MANIFEST
    driver.put(key, GARBAGE[kind])
    assert app.request("DELETE", "/v2/app/manifests/latest").status_code == 202
    assert app.request("GET", "/v2/app/tags/list").json["tags"] == ["kept"]


@pytest.mark.parametrize("kind", NO_DIGEST)
def test_a_damaged_tag_does_not_prevent_the_deletion_of_another_manifest(
    app: Process, driver: StorageDriver, kind: str
) -> None:
    driver.put(layout.tag_current("app", "broken"), GARBAGE[kind])
    assert app.request("DELETE", f"/v2/app/manifests/{REVISION}").status_code == 202
    assert app.request("GET", "/v2/app/manifests/latest").status_code == 404
