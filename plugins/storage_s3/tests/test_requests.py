"""The number of requests of each operation; the README shows the same table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from support.content import digest_of
from support.host import HTTP, Process, path_of
from support.proxies.costs import Costs
from support.proxies.fault_proxy import FaultProxy

from entrepot.settings import RegistrySettings
from entrepot_storage_s3 import S3Driver

from .conftest import OpenDriver

README = Path(__file__).parent.parent / "README.md"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
TAGS = "docker/registry/v2/repositories/many/_manifests/tags"


@pytest.fixture
def host(open_driver: OpenDriver) -> Process:
    driver = open_driver(readtimeout=30)
    assert driver.capabilities.create
    return Process(driver, RegistrySettings())


@pytest.fixture
def wire(host: Process, proxy: FaultProxy) -> Costs:
    host.push_blob("warm/up", b"")
    return Costs(proxy, README)


def blob(size: int) -> bytes:
    return Random(size).randbytes(size)  # noqa: S311  # content, not a secret


def test_a_small_blob(host: Process, wire: Costs, proxy: FaultProxy) -> None:
    data = blob(10_000)
    assert host.finish(host.patch(host.start("a/b"), data), digest_of(data)).status_code == 201
    # The repository's link is written before the records of the upload are deleted.
    assert [target.endswith("?delete") for _, target, _ in proxy.requests] == [False] * 6 + [True]
    wire.cost("push of a blob of 10 KB: POST, PATCH, PUT (6 up to the link)")
    host.push_blob("a/b", blob(10_001))
    wire.cost("push of a blob of 10 KB in one POST")
    other = Process(host.driver, RegistrySettings())
    for temperature in ("cold", "warm"):
        assert other.request("HEAD", f"/v2/a/b/blobs/{digest_of(data)}").status_code == 200
        wire.cost(f"HEAD of a blob, {temperature}")
    other = Process(host.driver, RegistrySettings())
    for temperature in ("cold", "warm"):
        answer = other.blob("a/b", digest_of(data))
        assert (answer.status_code, "X-Amz-Signature" in answer.headers["location"]) == (307, True)
        wire.cost(f"GET of a blob, with a redirect, {temperature}")


@pytest.mark.parametrize("size", [2, 100])
def test_a_large_blob(host: Process, wire: Costs, size: int) -> None:
    data = blob(size * 2**20)
    location = host.start("a/b")
    assert host.finish(location, digest_of(data), data).status_code == 201
    wire.cost(f"push of a blob of {size} MiB: POST, PUT")


def test_a_manifest_by_tag(host: Process, wire: Costs) -> None:
    config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": host.push_blob("a/b", b"{}"), "size": 2}
    image = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    wire.clear()
    host.push_manifest("a/b", "latest", image)
    wire.cost("push of a manifest with a tag")
    other = Process(host.driver, RegistrySettings())
    for temperature in ("cold", "warm"):
        assert other.request("GET", "/v2/a/b/manifests/latest", headers={"Accept": MANIFEST}).status_code == 200
        wire.cost(f"GET of a manifest by tag, {temperature}")


def test_a_list_of_2000_tags(host: Process, wire: Costs, options: dict[str, object]) -> None:
    direct = S3Driver.from_config(options)
    keys = [f"{TAGS}/{number:04}/current/link" for number in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: direct.put(key, digest_of(b"").encode()), keys))
    direct.close()
    found: list[str] = []
    target = "/v2/many/tags/list?n=1000"
    while target:
        answer = host.request("GET", target)
        found += answer.json["tags"]
        link = answer.headers.get("link")
        target = path_of(link.partition(">")[0][1:]) if link else ""
    assert len(found) == 2000
    wire.cost("list of 2,000 tags, in two pages")


def test_a_deletion_of_1000_keys(host: Process, wire: Costs) -> None:
    host.driver.delete(f"d/{number}" for number in range(1000))
    wire.cost("deletion of 1,000 keys")


def test_a_blob_that_is_not_redirected(host: Process, wire: Costs) -> None:
    data = blob(10_000)
    digest = host.push_blob("a/b", data)
    wire.clear()
    other = Process(host.driver, RegistrySettings(), replace(HTTP, redirect=False))
    for temperature in ("cold", "warm"):
        assert other.blob("a/b", digest).content == data
        wire.cost(f"GET of a blob, without a redirect, {temperature}")
