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
from entrepot_storage_azure import AzureDriver

from .conftest import OpenDriver

README = Path(__file__).parent.parent / "README.md"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
TAGS = "docker/registry/v2/repositories/many/_manifests/tags"
SERVED = replace(HTTP, redirect=False)


@pytest.fixture
def azure(open_driver: OpenDriver) -> AzureDriver:
    """A driver with timeouts that are long enough for a busy server."""
    return open_driver(connecttimeout=10, readtimeout=30)


@pytest.fixture
def wire(azure: AzureDriver, proxy: FaultProxy) -> Costs:
    azure.put("warm/up", b"")
    return Costs(proxy, README)


def blob(size: int) -> bytes:
    return Random(size).randbytes(size)  # noqa: S311  # content, not a secret


def test_a_small_blob(azure: AzureDriver, wire: Costs) -> None:
    host, data = Process(azure, RegistrySettings()), blob(10_000)
    wire.clear()
    assert host.finish(host.patch(host.start("a/b"), data), digest_of(data)).status_code == 201
    assert wire.cost("push of a blob of 10 KB: POST, PATCH, PUT") <= 7
    assert host.finish(host.start("a/b"), digest_of(blob(10_001)), blob(10_001)).status_code == 201
    assert wire.cost("push of a blob of 10 KB: POST, PUT") <= 6
    host.push_blob("a/b", blob(10_002))
    assert wire.cost("push of a blob of 10 KB in one POST") <= 6
    other = Process(azure, RegistrySettings())
    for temperature in ("cold", "warm"):
        assert other.request("HEAD", f"/v2/a/b/blobs/{digest_of(data)}").status_code == 200
        wire.cost(f"HEAD of a blob, {temperature}")


def test_a_pull(azure: AzureDriver, wire: Costs) -> None:
    digest = Process(azure, RegistrySettings()).push_blob("a/b", blob(10_000))
    wire.clear()
    served, redirected = Process(azure, RegistrySettings(), http=SERVED), Process(azure, RegistrySettings())
    for temperature in ("cold", "warm"):
        assert served.blob("a/b", digest).content == blob(10_000)
        wire.cost(f"GET of a blob that the host serves, {temperature}")
        assert "sig=" in (redirected.blob("a/b", digest).headers["location"] or "")
        wire.cost(f"GET of a blob that answers with a signed URL, {temperature}")


def test_a_large_blob(azure: AzureDriver, wire: Costs) -> None:
    host, data = Process(azure, RegistrySettings(), http=SERVED), blob(100 * 2**20)
    wire.clear()
    assert host.finish(host.start("a/b"), digest_of(data), data).status_code == 201
    wire.cost("push of a blob of 100 MiB: POST, PUT")
    with azure.read(f"docker/registry/v2/blobs/sha256/{digest_of(data)[7:9]}/{digest_of(data)[7:]}/data") as reader:
        assert sum(map(len, reader)) == len(data)
    wire.cost("read of 100 MiB")


def test_a_manifest_by_tag(azure: AzureDriver, wire: Costs) -> None:
    host = Process(azure, RegistrySettings())
    config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": host.push_blob("a/b", b"{}"), "size": 2}
    image = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    wire.clear()
    host.push_manifest("a/b", "latest", image)
    wire.cost("push of a manifest with a tag")
    other = Process(azure, RegistrySettings())
    for temperature in ("cold", "warm"):
        assert other.request("GET", "/v2/a/b/manifests/latest", headers={"Accept": MANIFEST}).status_code == 200
        wire.cost(f"GET of a manifest by tag, {temperature}")


def test_a_list_of_2000_tags(azure: AzureDriver, wire: Costs, config: dict[str, object]) -> None:
    direct = AzureDriver.from_config(config)
    keys = [f"{TAGS}/{number:04}/current/link" for number in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: direct.put(key, digest_of(b"").encode()), keys))
    direct.close()
    host, found, target = Process(azure, RegistrySettings()), list[str](), "/v2/many/tags/list?n=1000"
    wire.clear()
    while target:
        answer = host.request("GET", target)
        found += answer.json["tags"]
        link = answer.headers.get("link")
        target = path_of(link.partition(">")[0][1:]) if link else ""
    assert len(found) == 2000
    wire.cost("list of 2,000 tags, in two pages")


def test_a_deletion_of_1000_keys(azure: AzureDriver, wire: Costs) -> None:
    azure.delete(f"d/{number}" for number in range(1000))
    wire.cost("deletion of 1,000 keys")
