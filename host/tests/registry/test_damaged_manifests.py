"""A manifest whose bytes are damaged is absent, and a push repairs it for every process."""

from __future__ import annotations

import pytest
from host.tests.registry.wrappers import Uncreating
from support.content import digest_of, encoded, image
from support.host import Process, keys_of

from entrepot.registry import layout
from entrepot.registry.manifest import OCI_MANIFEST
from entrepot.registry.names import parse_digest
from entrepot_contract import MAX_PUT_SIZE, StorageDriver

MANIFEST = encoded(image(annotations={"filler": "x" * 1000}))
DIGEST = digest_of(MANIFEST)
KEY = layout.blob(parse_digest(DIGEST))
DAMAGE = {
    "empty": b"",
    "cut": MANIFEST[:-1],
    "zeros": bytes(len(MANIFEST)),
    "one bit": MANIFEST[:-1] + b"|",
    "too large": bytes(MAX_PUT_SIZE + 1),
}
PLACES = ["manifests/latest", f"manifests/{DIGEST}", f"blobs/{DIGEST}"]


@pytest.fixture
def app(host: Process) -> Process:
    """A host with a cached manifest in the repository ``app``."""
    host.push_blob("app", b"{}")
    host.push_manifest("app", "latest", MANIFEST)
    return host


def write(driver: StorageDriver, key: str, data: bytes) -> None:
    """Overwrite an object with bytes of any size."""
    driver.upload_commit(driver.upload_append(driver.upload_start(key), [data]))


@pytest.mark.parametrize("pushed_by", ["a process that has it cached", "another one"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_manifest_is_absent_until_it_is_pushed_again(
    app: Process, driver: StorageDriver, damage: str, pushed_by: str, caplog: pytest.LogCaptureFixture
) -> None:
    write(driver, KEY, DAMAGE[damage])
    cold = Process(driver)
    for place in PLACES:
        for method in ("GET", "HEAD", "GET"):
            assert cold.request(method, f"/v2/app/{place}").status_code == 404, (method, place)
    assert len([record for record in caplog.records if KEY in record.getMessage()]) <= 2
    assert KEY in caplog.text
    pusher = cold if pushed_by == "another one" else app
    assert pusher.push_manifest("app", "latest", MANIFEST) == DIGEST
    for host in (app, cold, Process(driver)):
        for place in PLACES:
            assert host.request("GET", f"/v2/app/{place}").content == MANIFEST


def test_a_process_with_a_cached_manifest_serves_the_verified_content(app: Process, driver: StorageDriver) -> None:
    driver.put(KEY, bytes(len(MANIFEST)))
    assert app.request("GET", "/v2/app/manifests/latest").content == MANIFEST


def test_a_damaged_manifest_is_replaced_if_the_store_has_no_create(app: Process, driver: StorageDriver) -> None:
    driver.put(KEY, b"")
    Process(Uncreating(driver)).push_manifest("app", "latest", MANIFEST)
    assert Process(driver).request("GET", "/v2/app/manifests/latest").content == MANIFEST


def test_a_damaged_manifest_can_be_deleted(app: Process, driver: StorageDriver) -> None:
    driver.put(KEY, b"")
    cold = Process(driver)
    assert cold.request("DELETE", f"/v2/app/manifests/{DIGEST}").status_code == 202
    assert cold.request("GET", "/v2/app/manifests/latest").status_code == 404
    assert not [key for key in keys_of(driver) if "/tags/" in key or "/revisions/" in key]


def test_a_manifest_is_verified_with_the_requested_digest(app: Process, driver: StorageDriver) -> None:
    # Like Distribution, which links a digest of another algorithm to the stored one.
    long, wrong = (parse_digest(digest_of(data, "sha512")) for data in (MANIFEST, b"other"))
    for digest in (long, wrong):
        driver.put(layout.revision("app", digest), DIGEST.encode())
    cold = Process(driver)
    assert cold.request("GET", f"/v2/app/manifests/{long}").content == MANIFEST
    assert cold.request("GET", f"/v2/app/manifests/{wrong}").status_code == 404


def test_a_manifest_can_be_pulled_as_a_blob_of_its_repository_only(app: Process, driver: StorageDriver) -> None:
    app.push_blob("other", b"{}")
    for host in (app, Process(driver)):
        whole = host.request("GET", f"/v2/app/blobs/{DIGEST}")
        assert (whole.status_code, whole.content) == (200, MANIFEST)
        assert whole.headers["docker-content-digest"] == DIGEST
        assert whole.headers["content-type"] != OCI_MANIFEST
        head = host.request("HEAD", f"/v2/app/blobs/{DIGEST}")
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(MANIFEST)))
        part = host.request("GET", f"/v2/app/blobs/{DIGEST}", headers={"Range": "bytes=2-5"})
        assert (part.status_code, part.content) == (206, MANIFEST[2:6])
        assert host.request("GET", f"/v2/other/blobs/{DIGEST}").status_code == 404
    app.request("DELETE", f"/v2/app/manifests/{DIGEST}")
    assert app.request("GET", f"/v2/app/blobs/{DIGEST}").status_code == 404
