"""A blob whose bytes are damaged or gone is never served as complete, and a push repairs it."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from host.tests.registry.wrappers import Locked, Signing
from support.content import descriptor, digest_of, encoded, image, index
from support.host import QUIET, Process

from entrepot.cache import Cache
from entrepot.registry import blobs as blobs_module
from entrepot.registry import layout
from entrepot.registry.manifest import OCI_MANIFEST
from entrepot.registry.names import parse_digest
from entrepot_contract import StorageDriver

LAYER = b"a layer of some bytes"
DIGEST = digest_of(LAYER)
KEY = layout.blob(parse_digest(DIGEST))
BLOB = f"/v2/app/blobs/{DIGEST}"
MANIFEST = encoded(image(layers=[descriptor(LAYER)]))


@pytest.fixture
def app(host: Process) -> Process:
    """A host with a layer and a configuration in the repository ``app``."""
    host.push_blob("app", b"{}")
    host.push_blob("app", LAYER)
    return host


def code_of(host: Process, method: str, path: str, body: bytes = b"") -> tuple[int, str]:
    answer = host.request(method, path, body)
    return answer.status_code, answer.json["errors"][0]["code"] if answer.content else ""


def test_a_range_of_a_blob_truncated_after_its_size_was_cached_is_an_error(
    app: Process, driver: StorageDriver, caplog: pytest.LogCaptureFixture
) -> None:
    assert app.request("HEAD", BLOB).status_code == 200
    driver.put(KEY, LAYER[:10])
    with caplog.at_level(logging.ERROR):
        answer = app.request("GET", BLOB, headers={"Range": "bytes=5-"})
    assert answer.status_code == 500
    assert "damaged" in caplog.text
    assert app.request("HEAD", BLOB).headers["content-length"] == "10"


def test_a_range_beyond_the_end_of_a_truncated_blob_is_an_error_once(app: Process, driver: StorageDriver) -> None:
    assert app.request("HEAD", BLOB).status_code == 200
    driver.put(KEY, LAYER[:10])
    assert app.request("GET", BLOB, headers={"Range": "bytes=15-"}).status_code == 500
    answer = app.request("GET", BLOB, headers={"Range": "bytes=15-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")


@pytest.mark.parametrize("held", [0, 1024])
def test_an_empty_blob_is_absent_until_it_is_pushed_again(
    app: Process, driver: StorageDriver, held: int, caplog: pytest.LogCaptureFixture
) -> None:
    driver.put(KEY, b"")
    cold = Process(driver, replace(QUIET, upload_held=held))
    for _ in range(2):
        assert code_of(cold, "GET", BLOB) == (404, "BLOB_UNKNOWN")
        assert cold.request("HEAD", BLOB).status_code == 404
        assert cold.request("GET", BLOB, headers={"Range": "bytes=0-1"}).status_code == 404
        assert cold.request("POST", f"/v2/other/blobs/uploads/?mount={DIGEST}&from=app").status_code == 202
        assert cold.put_manifest("app", "latest", MANIFEST).status_code == 404
    assert caplog.text.count(KEY) == 1
    location = cold.patch(cold.start("app"), LAYER)
    assert cold.finish(location, DIGEST).status_code == 201
    for host in (app, cold, Process(driver)):
        assert host.blob("app", DIGEST).content == LAYER
    assert cold.put_manifest("app", "latest", MANIFEST).status_code == 201


def test_the_empty_blob_is_valid(host: Process, driver: StorageDriver) -> None:
    digest = host.push_blob("app", b"")
    for process in (host, Process(driver)):
        assert process.request("HEAD", f"/v2/app/blobs/{digest}").headers["content-length"] == "0"
        assert process.request("GET", f"/v2/app/blobs/{digest}").status_code == 200


def test_a_manifest_whose_layer_lost_its_bytes_is_rejected(app: Process, driver: StorageDriver) -> None:
    driver.delete([KEY])
    answer = Process(driver).put_manifest("app", "latest", MANIFEST)
    assert answer.json["errors"][0]["code"] == "MANIFEST_BLOB_UNKNOWN"
    assert answer.json["errors"][0]["detail"] == [{"digest": DIGEST}]


def test_a_manifest_whose_layer_has_another_size_is_rejected(app: Process, driver: StorageDriver) -> None:
    driver.put(KEY, LAYER[:-1])
    answer = Process(driver).put_manifest("app", "latest", MANIFEST)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (400, "MANIFEST_INVALID")
    assert DIGEST in answer.json["errors"][0]["detail"]


@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "zeros"])
def test_an_index_whose_child_is_damaged_is_rejected_until_the_child_is_pushed_again(
    app: Process, driver: StorageDriver, damage: str
) -> None:
    app.push_manifest("app", "child", MANIFEST)
    key = layout.blob(parse_digest(digest_of(MANIFEST)))
    if damage == "gone":
        driver.delete([key])
    else:
        driver.put(key, {"empty": b"", "cut": MANIFEST[:-1], "zeros": bytes(len(MANIFEST))}[damage])
    cold = Process(driver)
    outer = index(descriptor(MANIFEST, OCI_MANIFEST))
    refused = cold.put_manifest("app", "index", outer)
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (404, "MANIFEST_BLOB_UNKNOWN")
    cold.push_manifest("app", "child", MANIFEST)
    assert cold.put_manifest("app", "index", outer).status_code == 201


def test_a_blob_deleted_by_another_program_is_absent_within_a_minute(
    app: Process, driver: StorageDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    assert blobs_module._SIZES_SECONDS <= 60
    monkeypatch.setattr(
        app.registry.blobs, "_sizes", Cache(2**20, max_age=blobs_module._SIZES_SECONDS, clock=lambda: now[0])
    )
    assert app.request("HEAD", BLOB).status_code == 200
    driver.delete([KEY])
    now[0] = 61
    assert app.request("HEAD", BLOB).status_code == 404
    assert app.put_manifest("app", "latest", MANIFEST).status_code == 404


def test_the_cache_is_cleared_after_a_deletion_by_this_process(app: Process, driver: StorageDriver) -> None:
    digest = app.push_manifest("app", "other", image())
    assert app.request("HEAD", BLOB).status_code == 200
    driver.delete([KEY])
    assert app.request("DELETE", f"/v2/app/manifests/{digest}").status_code == 202
    assert app.request("HEAD", BLOB).status_code == 404


def test_there_is_no_redirect_to_a_blob_whose_bytes_are_gone(driver: StorageDriver) -> None:
    Process(driver).push_blob("app", LAYER)
    driver.delete([KEY])
    assert code_of(Process(Signing(driver)), "GET", BLOB) == (404, "BLOB_UNKNOWN")


def test_a_blob_that_cannot_be_overwritten_can_be_pushed_if_it_is_intact(driver: StorageDriver) -> None:
    Process(driver).push_blob("app", LAYER)
    for held in (0, 1024):
        host = Process(Locked(driver), replace(QUIET, upload_held=held))
        host.push_blob("app", LAYER)
        driver.put(KEY, LAYER[::-1])
        refused = host.request("POST", f"/v2/app/blobs/uploads/?digest={DIGEST}", LAYER)
        assert refused.status_code == 500
        driver.put(KEY, LAYER)
