"""A blob that was damaged behind the registry's back is never passed off as whole."""

from __future__ import annotations

import logging

import pytest
from host.tests.registry.process import Process

from entrepot.registry import layout
from entrepot.registry.names import parse_digest
from entrepot_contract import StorageDriver


def test_a_range_of_a_blob_that_was_cut_after_its_size_was_seen_is_an_error(
    driver: StorageDriver, caplog: pytest.LogCaptureFixture
) -> None:
    host = Process(driver)
    digest = host.push_blob("app", bytes(1000))
    assert host.request("HEAD", f"/v2/app/blobs/{digest}").status_code == 200
    driver.put(layout.blob(parse_digest(digest)), bytes(10))
    with caplog.at_level(logging.ERROR):
        answer = host.request("GET", f"/v2/app/blobs/{digest}", headers={"Range": "bytes=5-"})
    assert answer.status_code == 500
    assert "damaged" in caplog.text
    assert host.request("HEAD", f"/v2/app/blobs/{digest}").headers["content-length"] == "10"
