"""Manifests: stored byte for byte, checked for their references, deleted with their tags."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from falcon.testing import Result
from host.tests.storage.counting import CountingDriver
from support.content import Fields, descriptor, digest_of, encoded, image, index
from support.host import QUIET, Process, keys_of, memory

from entrepot.registry import layout
from entrepot.registry.manifest import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from entrepot.registry.names import parse_digest
from entrepot.settings import IndexPolicy, Platform, UrlPolicy
from entrepot_contract import ObjectInfo, StorageDriver, Throttled, WriteMode


def code_of(answer: Result) -> str:
    return str(answer.json["errors"][0]["code"])


@pytest.fixture
def app(host: Process) -> Process:
    """A host with a config blob in the repository ``app``."""
    host.push_blob("app", b"{}")
    return host


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_manifest_is_served_byte_for_byte_with_its_type_and_digest(
    app: Process, other: Process, algorithm: str
) -> None:
    content = json.dumps(image(annotations={"é": "\u2028"}), ensure_ascii=False, indent=7).encode() + b"\n\n  "
    digest = digest_of(content, algorithm)
    assert app.push_manifest("app", digest, content) == digest
    for host in (app, other):
        answer = host.request("GET", f"/v2/app/manifests/{digest}")
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["content-type"] == OCI_MANIFEST
        assert answer.headers["docker-content-digest"] == digest
        assert answer.headers["etag"] == f'"{digest}"'
        head = host.request("HEAD", f"/v2/app/manifests/{digest}")
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(content)))


def test_a_manifest_with_another_digest_is_rejected_and_leaves_nothing(app: Process, driver: StorageDriver) -> None:
    before = keys_of(driver)
    refused = app.put_manifest("app", digest_of(b"others"), image())
    assert (refused.status_code, code_of(refused)) == (400, "DIGEST_INVALID")
    assert keys_of(driver) == before


def test_a_manifest_is_read_once_and_then_served_from_the_cache_by_digest(app: Process, driver: StorageDriver) -> None:
    digest = app.push_manifest("app", "latest", image())
    counting = CountingDriver(driver)
    cold = Process(counting)
    for _ in range(3):
        assert cold.request("GET", "/v2/app/manifests/latest").status_code == 200
        assert cold.request("GET", f"/v2/app/manifests/{digest}").status_code == 200
    assert counting.calls["read"] == 6 + 1


def test_a_cached_manifest_of_another_repository_is_unknown(app: Process) -> None:
    digest = app.push_manifest("app", "latest", image())
    answer = app.request("GET", f"/v2/other/manifests/{digest}")
    assert (answer.status_code, code_of(answer)) == (404, "MANIFEST_UNKNOWN")


def test_a_manifest_with_missing_blobs_is_rejected_with_all_of_them(app: Process, driver: StorageDriver) -> None:
    before = keys_of(driver)
    missing = [descriptor(b"one"), descriptor(b"two")]
    refused = app.put_manifest("app", "latest", image(layers=missing))
    assert (refused.status_code, code_of(refused)) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert refused.json["errors"][0]["detail"] == [{"digest": one["digest"]} for one in missing]
    assert keys_of(driver) == before


def test_a_blob_of_another_repository_does_not_count(app: Process) -> None:
    app.push_blob("other", b"layer")
    assert app.put_manifest("app", "latest", image(layers=[descriptor(b"layer")])).status_code == 404
    app.push_blob("app", b"layer")
    assert app.put_manifest("app", "latest", image(layers=[descriptor(b"layer")])).status_code == 201


def test_nothing_is_checked_if_validation_is_disabled(driver: StorageDriver) -> None:
    host = Process(driver, replace(QUIET, validation=False))
    assert host.put_manifest("app", "latest", image(layers=[descriptor(b"nowhere")])).status_code == 201


FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
ALLOWED = UrlPolicy(allow=(re.compile(r"^https://ok\.example/"),), deny=(re.compile(r"/secret/"),))


@pytest.mark.parametrize(
    ("media_type", "urls", "policy", "status"),
    [
        (FOREIGN, ["https://any.example/x"], UrlPolicy(), 201),
        (NONDISTRIBUTABLE, ["http://any.example/x"], UrlPolicy(), 201),
        (FOREIGN, [], UrlPolicy(), 404),
        (descriptor(b"")["mediaType"], ["https://any.example/x"], UrlPolicy(), 404),
        (FOREIGN, ["https://ok.example/x"], ALLOWED, 201),
        (FOREIGN, ["https://any.example/x"], ALLOWED, 400),
        (FOREIGN, ["https://ok.example/secret/x"], ALLOWED, 400),
        (FOREIGN, ["https://ok.example/x", "https://any.example/x"], ALLOWED, 400),
        (FOREIGN, ["ftp://any.example/x"], UrlPolicy(), 400),
        (FOREIGN, ["https://any.example/x#part"], UrlPolicy(), 400),
        (FOREIGN, ["https:///x"], UrlPolicy(), 400),
        (FOREIGN, ["http://[::1"], UrlPolicy(), 400),
        (FOREIGN, ["/x"], UrlPolicy(), 400),
    ],
)
def test_a_foreign_layer_may_have_urls_that_the_policy_allows(
    driver: StorageDriver, media_type: str, urls: list[str], policy: UrlPolicy, status: int
) -> None:
    host = Process(driver, replace(QUIET, urls=policy))
    host.push_blob("app", b"{}")
    answer = host.put_manifest("app", "latest", image(layers=[descriptor(b"elsewhere", media_type, urls=urls)]))
    assert answer.status_code == status, answer.text
    if status == 400:
        assert code_of(answer) == "MANIFEST_INVALID"


LINUX = {"architecture": "amd64", "os": "linux"}
WINDOWS = {"architecture": "amd64", "os": "windows"}


@pytest.mark.parametrize(
    ("policy", "present", "status"),
    [
        (IndexPolicy("all"), ["linux", "windows"], 201),
        (IndexPolicy("all"), ["linux"], 404),
        (IndexPolicy("none"), [], 201),
        (IndexPolicy("list", (Platform("amd64", "linux"),)), ["linux"], 201),
        (IndexPolicy("list", (Platform("amd64", "linux"),)), ["windows"], 404),
        (IndexPolicy("list", (Platform("arm64", "linux"),)), [], 201),
    ],
)
def test_an_index_requires_the_children_of_the_policy(
    driver: StorageDriver, policy: IndexPolicy, present: list[str], status: int
) -> None:
    host = Process(driver, replace(QUIET, index=policy))
    host.push_blob("app", b"{}")
    children: list[Fields] = []
    for platform in (LINUX, WINDOWS):
        content = encoded(image(annotations=platform))
        children.append(descriptor(content, OCI_MANIFEST, platform=platform))
        if platform["os"] in present:
            host.push_manifest("app", digest_of(content), content)
    assert host.put_manifest("app", "latest", index(*children)).status_code == status


def test_an_index_may_contain_indexes(app: Process) -> None:
    inner = encoded(index())
    app.push_manifest("app", "inner", inner)
    assert app.put_manifest("app", "outer", index(descriptor(inner, OCI_INDEX))).status_code == 201


@pytest.mark.parametrize("validated", [True, False])
def test_several_tags_can_be_set_by_a_push_by_digest(driver: StorageDriver, validated: bool) -> None:
    host = Process(driver, replace(QUIET, validation=validated))
    host.push_blob("app", b"{}")
    content = encoded(image())
    answer = host.put_manifest("app", f"{digest_of(content)}?tag=a&tag=b&tag=a", content)
    assert (answer.status_code, answer.headers["oci-tag"]) == (201, "a, b")
    assert host.request("GET", "/v2/app/tags/list").json == {"name": "app", "tags": ["a", "b"]}


# A signed manifest of schema 1, as Docker 1.6 pushed it.
SCHEMA1 = encoded({"schemaVersion": 1, "name": "app", "tag": "old", "fsLayers": [], "signatures": [{"protected": "x"}]})
PRETTYJWS = "application/vnd.docker.distribution.manifest.v1+prettyjws"


def test_a_schema1_manifest_stored_by_an_old_registry_is_served(host: Process, driver: StorageDriver) -> None:
    digest = parse_digest(digest_of(SCHEMA1))
    driver.put(layout.blob(digest), SCHEMA1)
    for key in (layout.revision("app", digest), layout.tag_current("app", "old")):
        driver.put(key, str(digest).encode())
    answer = host.request("GET", "/v2/app/manifests/old")
    assert (answer.status_code, answer.content) == (200, SCHEMA1)
    assert answer.headers["content-type"] == PRETTYJWS
    refused = host.put_manifest("app", "new", SCHEMA1)
    assert (refused.status_code, code_of(refused)) == (400, "MANIFEST_INVALID")


def test_deleting_a_manifest_removes_its_tags_and_no_others(app: Process, other: Process) -> None:
    doomed = app.push_manifest("app", "one", image())
    app.push_manifest("app", "two", image())
    kept = app.push_manifest("app", "three", image(annotations={"a": "b"}))
    # A tag that pointed to the deleted manifest earlier, and no longer does.
    app.push_manifest("app", "moved", image())
    app.push_manifest("app", "moved", image(annotations={"a": "b"}))
    assert app.request("DELETE", f"/v2/app/manifests/{doomed}").status_code == 202
    for host in (app, other):
        assert host.request("GET", f"/v2/app/manifests/{doomed}").status_code == 404
        assert host.request("GET", "/v2/app/manifests/one").status_code == 404
        assert host.request("GET", f"/v2/app/manifests/{kept}").status_code == 200
        assert host.request("GET", "/v2/app/tags/list").json["tags"] == ["moved", "three"]
        assert host.request("DELETE", f"/v2/app/manifests/{doomed}").status_code == 404


def test_deleting_a_tag_leaves_the_manifest_and_the_other_tags(app: Process, driver: StorageDriver) -> None:
    digest = app.push_manifest("app", "one", image())
    app.push_manifest("app", "two", image())
    assert app.request("DELETE", "/v2/app/manifests/one").status_code == 202
    assert app.request("GET", "/v2/app/manifests/one").status_code == 404
    assert app.request("GET", "/v2/app/manifests/two").status_code == 200
    assert app.request("GET", f"/v2/app/manifests/{digest}").status_code == 200
    assert not [key for key in keys_of(driver) if "/tags/one/" in key]
    assert app.request("DELETE", "/v2/app/manifests/one").status_code == 404


def test_a_repository_whose_last_tag_was_deleted_has_an_empty_list(app: Process) -> None:
    app.push_manifest("app", "one", image())
    app.request("DELETE", "/v2/app/manifests/one")
    assert app.request("GET", "/v2/app/tags/list").json == {"name": "app", "tags": []}
    unknown = app.request("GET", "/v2/none/tags/list")
    assert (unknown.status_code, code_of(unknown)) == (404, "NAME_UNKNOWN")


@pytest.mark.parametrize("limit", [1000])
@pytest.mark.parametrize("known", [True, False])
def test_a_manifest_above_the_limit_is_too_large(driver: StorageDriver, limit: int, known: bool) -> None:
    host = Process(driver, replace(QUIET, manifest_max_size=limit))
    host.push_blob("app", b"{}")
    content = encoded(image())
    exact = content + b" " * (limit - len(content))
    assert host.put_manifest("app", "exact", exact).status_code == 201
    headers = None if known else {"Transfer-Encoding": "chunked"}
    refused = host.request("PUT", "/v2/app/manifests/more", exact + b" ", headers)
    assert (refused.status_code, code_of(refused)) == (413, "MANIFEST_INVALID")
    assert host.request("GET", "/v2/app/manifests/more").status_code == 404


def test_a_docker_manifest_keeps_its_type(app: Process) -> None:
    app.put_manifest("app", "docker", image(mediaType=DOCKER_MANIFEST), f"{DOCKER_MANIFEST}; charset=utf-8")
    answer = app.request("GET", "/v2/app/manifests/docker")
    assert answer.headers["content-type"] == DOCKER_MANIFEST


class ThrottlesCreates(CountingDriver):
    """Throttles every CREATE."""

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        if mode is WriteMode.CREATE:
            raise Throttled("slow down", driver=self.name, operation="put", key=key)
        return super().put(key, data, mode=mode, durable=durable)


def test_content_is_written_although_the_store_throttles_creates() -> None:
    app = Process(ThrottlesCreates(memory()))
    app.push_blob("app", b"{}")
    content = encoded(image())
    app.push_manifest("app", "latest", content)
    assert app.request("GET", "/v2/app/manifests/latest").content == content
