"""A damaged record of an upload ends that upload, and no other."""

from __future__ import annotations

import pytest
from support.content import digest_of
from support.host import Process, keys_of

from entrepot.registry import layout
from entrepot_contract import StorageDriver

DAMAGE = {"empty": b"", "zeros": bytes(300), "words": b"no record", "no object": b"[]\n", "large": bytes(3 * 2**20)}


def records(driver: StorageDriver) -> list[str]:
    return [key for key in keys_of(driver) if key.startswith(layout.UPLOADS)]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_upload_is_unknown(
    host: Process, other: Process, driver: StorageDriver, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    location = host.patch(host.start("app"), b"some bytes")
    for key in records(driver):
        driver.put(key, DAMAGE[damage])
    for answer in (
        other.request("GET", location),
        other.request("PATCH", location, b"more"),
        other.finish(location, digest_of(b"some bytes")),
        other.request("DELETE", location),
    ):
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert "cannot be read" in caplog.text
    assert other.push_blob("app", b"some bytes")
