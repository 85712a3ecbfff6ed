"""Small uploads: their bytes are held in the record, and written to the blob by one put."""

from __future__ import annotations

from dataclasses import replace

import pytest
from host.tests.registry.examples import some_examples
from host.tests.registry.wrappers import Sharing, Uncreating
from host.tests.storage.counting import CountingDriver
from hypothesis import given
from hypothesis import strategies as st
from support.content import digest_of
from support.host import QUIET, Process, keys_of, memory, path_of

from entrepot_contract import StorageDriver

HELD = 100
SETTINGS = replace(QUIET, upload_held=HELD)


@pytest.mark.parametrize("size", [0, 1, HELD, HELD + 1])
@pytest.mark.parametrize("way", ["PATCH", "PUT", "chunked"])
def test_only_larger_blobs_use_a_driver_upload(driver: StorageDriver, size: int, way: str) -> None:
    counting = CountingDriver(driver)
    host = Process(counting, SETTINGS)
    data = bytes(size)
    location = host.start("app")
    if way == "PATCH":
        location, data = host.patch(location, data), b""
    host.request("PUT", f"{location}&digest={digest_of(bytes(size))}", data, length=-1 if way == "chunked" else None)
    assert host.blob("app", digest_of(bytes(size))).content == bytes(size)
    # The end of a body of unknown length is only found by reading past it.
    assert counting.calls["upload_start"] == (size >= HELD if way == "chunked" else size > HELD)
    assert len(keys_of(driver)) == 2


@some_examples
@given(sizes=st.lists(st.integers(0, HELD + 20), min_size=1, max_size=6), hosts=st.lists(st.booleans(), min_size=7))
def test_any_chunks_on_any_hosts_result_in_the_blob(sizes: list[int], hosts: list[bool]) -> None:
    driver = Sharing(memory())
    both = [Process(driver, SETTINGS), Process(driver, SETTINGS)]
    chunks = [bytes([number + 1]) * size for number, size in enumerate(sizes)]
    location = both[0].start("app")
    for chunk, host in zip(chunks, hosts, strict=False):
        location = both[host].patch(location, chunk)
    digest = digest_of(b"".join(chunks))
    assert both[hosts[-1]].finish(location, digest).status_code == 201
    assert both[0].blob("app", digest).content == b"".join(chunks)
    assert len(keys_of(driver)) == 2


def test_a_wrong_digest_ends_the_upload(driver: StorageDriver) -> None:
    host = Process(driver, SETTINGS)
    location = host.patch(host.start("app"), b"small")
    refused = host.finish(location, digest_of(b"others"))
    assert refused.status_code == 400
    assert refused.json["errors"][0]["detail"] == {"expected": digest_of(b"others"), "received": digest_of(b"small")}
    assert keys_of(driver) == []
    assert host.finish(location, digest_of(b"small")).status_code == 404


def test_a_damaged_blob_is_written_again(driver: StorageDriver) -> None:
    host = Process(driver, SETTINGS)
    digest = host.push_blob("app", b"whole")
    blob = f"docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"
    driver.put(blob, b"wh")
    assert host.finish(host.patch(host.start("app"), b"whole"), digest).status_code == 201
    assert host.blob("app", digest).content == b"whole"


def test_of_two_concurrent_chunks_one_wins_and_the_other_gets_the_current_offset(driver: StorageDriver) -> None:
    host, other = (Process(Sharing(driver), SETTINGS) for _ in range(2))
    location = host.patch(host.start("app"), b"first ")
    host.patch(location, b"winner")
    refused = other.request("PATCH", location, b"loser")
    assert (refused.status_code, refused.headers["range"]) == (416, "0-11")
    latest = path_of(refused.headers["location"] or "")
    assert other.finish(latest, digest_of(b"first winner")).status_code == 201


def test_a_finished_upload_is_unknown_to_a_host_that_has_it_cached(driver: StorageDriver) -> None:
    host, other = (Process(Sharing(driver), SETTINGS) for _ in range(2))
    location = host.patch(host.start("app"), b"bytes")
    assert other.finish(location, digest_of(b"bytes")).status_code == 201
    assert host.request("PATCH", location, b"more").status_code == 404
    assert host.finish(location, digest_of(b"bytes")).status_code == 404


def test_without_create_an_old_location_is_rejected(driver: StorageDriver) -> None:
    host = Process(Uncreating(driver), SETTINGS)
    location = host.patch(host.start("app"), b"first ")
    host.patch(location, b"second")
    assert host.request("PATCH", location, b"again").status_code == 416


def test_an_upload_with_an_incomplete_record_is_unknown(driver: StorageDriver) -> None:
    location = Process(driver, SETTINGS).patch(Process(driver, SETTINGS).start("app"), b"bytes")
    key = next(key for key in keys_of(driver) if key.endswith(".00000001"))
    with driver.read(key) as reader:
        driver.put(key, b"".join(reader)[:-1])
    assert Process(driver, SETTINGS).finish(location, digest_of(b"bytes")).status_code == 404
