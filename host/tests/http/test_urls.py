"""The URLs in responses can be used by the client: behind proxies, below a prefix, absolute or relative."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from support.content import digest_of, image
from support.host import HTTP, QUIET, Process

from entrepot.settings import HttpSettings
from entrepot_contract import StorageDriver

DIGEST = digest_of(b"{}")

FORWARDED: list[tuple[dict[str, str], str]] = [
    ({"Host": "r.example"}, "http://r.example"),
    ({"Host": "r.example:5000"}, "http://r.example:5000"),
    ({"Host": "[::1]:5000"}, "http://[::1]:5000"),
    ({"Host": "in", "X-Forwarded-Proto": "https"}, "https://in"),
    ({"Host": "in", "X-Forwarded-Host": "out.example", "X-Forwarded-Proto": "https"}, "https://out.example"),
    ({"Host": "in", "X-Forwarded-Host": "out.example:444, proxy"}, "http://out.example:444"),
    ({"Host": "in", "X-Forwarded-Host": "out", "X-Forwarded-Proto": "https, http"}, "https://out"),
    ({"Host": "in", "Forwarded": "for=1.2.3.4;host=out.example;proto=https"}, "https://out.example"),
    (
        {"Host": "in", "Forwarded": 'host="out.example:444";proto=https, host=proxy;proto=http'},
        "https://out.example:444",
    ),
    ({"Host": "in", "Forwarded": "proto=https", "X-Forwarded-Proto": "http"}, "https://in"),
]

SETTINGS: list[tuple[HttpSettings, str]] = [
    (HTTP, "http://in"),
    (replace(HTTP, relative_urls=True), ""),
    (replace(HTTP, base_url="https://r.example:444"), "https://r.example:444"),
    (replace(HTTP, base_url="https://r.example/"), "https://r.example"),
    (replace(HTTP, prefix="/below/here/"), "http://in/below/here"),
    (replace(HTTP, prefix="/below/here/", relative_urls=True), "/below/here"),
    (replace(HTTP, prefix="/below/", base_url="https://r.example"), "https://r.example/below"),
    (replace(HTTP, base_url="https://r.example", relative_urls=True), ""),
]


UNTRUSTED: list[dict[str, str]] = [
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"},
    {"Forwarded": "host=evil.example;proto=https"},
]


def check_locations(host: Process, prefix: str, headers: dict[str, str], root: str) -> None:
    """Check that every Location begins with ``root``."""

    def location(method: str, path: str, body: bytes, status: int) -> str:
        answer = host.request(method, prefix + path, body, headers)
        assert answer.status_code == status, answer.text
        return answer.headers["location"] or ""

    assert location("POST", f"/v2/app/blobs/uploads/?digest={DIGEST}", b"{}", 201) == f"{root}/v2/app/blobs/{DIGEST}"
    upload = location("POST", "/v2/app/blobs/uploads/", b"", 202)
    for _ in range(2):
        assert upload.startswith(f"{root}/v2/app/blobs/uploads/")
        upload = location("PATCH", upload[len(root) :], b"x", 202)
    digest = digest_of(b"xx")
    assert location("PUT", f"{upload[len(root) :]}&digest={digest}", b"", 201) == f"{root}/v2/app/blobs/{digest}"
    mounted = location("POST", f"/v2/other/blobs/uploads/?mount={digest}&from=app", b"", 201)
    assert mounted == f"{root}/v2/other/blobs/{digest}"
    pushed = location("PUT", "/v2/app/manifests/latest", b'{"schemaVersion":2,"manifests":[]}', 201)
    assert pushed.startswith(f"{root}/v2/app/manifests/sha256:")


@pytest.mark.parametrize(("headers", "root"), FORWARDED)
def test_a_location_has_the_host_and_scheme_that_the_client_used(
    host: Process, headers: dict[str, str], root: str
) -> None:
    check_locations(host, "", headers, root)


@pytest.mark.parametrize("headers", UNTRUSTED)
def test_forwarding_headers_are_trusted_only_from_configured_proxies(
    driver: StorageDriver, headers: dict[str, str]
) -> None:
    elsewhere, here = (
        Process(driver, http=replace(HTTP, trusted_proxies=(ip_network(network),)))
        for network in ("10.0.0.0/8", "127.0.0.0/8")
    )
    check_locations(elsewhere, "", {"Host": "in", **headers}, "http://in")
    scheme = "https" if "https" in str(headers) else "http"
    check_locations(here, "", {"Host": "in", **headers}, f"{scheme}://evil.example")


def test_a_forwarded_port_is_ignored_as_by_distribution(host: Process) -> None:
    headers = {"Host": "in", "X-Forwarded-Host": "out.example", "X-Forwarded-Port": "8443"}
    check_locations(host, "", headers, "http://out.example")


@pytest.mark.parametrize(("settings", "root"), SETTINGS)
def test_a_location_depends_on_the_configuration(driver: StorageDriver, settings: HttpSettings, root: str) -> None:
    check_locations(Process(driver, http=settings), settings.prefix.rstrip("/"), {"Host": "in"}, root)


@pytest.mark.parametrize("prefix", ["", "/below"])
def test_links_to_next_pages_are_paths_below_the_prefix(driver: StorageDriver, prefix: str) -> None:
    below = Process(driver, http=replace(HTTP, prefix=f"{prefix}/"))
    plain = Process(driver)
    for name in ("a", "b"):
        plain.push_blob(name, b"{}")
        plain.push_manifest(name, "one", image())
        plain.push_manifest(name, "two", image())
    for path in ("/v2/_catalog", "/v2/a/tags/list"):
        answer = below.request("GET", f"{prefix}{path}?n=1")
        link = answer.headers["link"] or ""
        assert link.startswith(f"<{prefix}{path}?")
        assert link.endswith('>; rel="next"')
        assert below.request("GET", link[1:].partition(">")[0]).status_code == 200


@pytest.mark.parametrize("prefix", ["/", "/below/"])
def test_the_version_without_its_slash_is_redirected(driver: StorageDriver, prefix: str) -> None:
    answer = Process(driver, http=replace(HTTP, prefix=prefix)).request("GET", f"{prefix}v2")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{prefix}v2/")


def test_the_version_is_an_empty_object_and_every_answer_names_the_api(host: Process) -> None:
    answer = host.request("GET", "/v2/")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"{}", "application/json")
    for path in ("/", "/v2", "/v2/", "/v2/_catalog", "/v2/none/tags/list", "/nowhere"):
        assert host.request("GET", path).headers["docker-distribution-api-version"] == "registry/2.0"


def test_configured_headers_are_in_every_response(driver: StorageDriver) -> None:
    headers = {"X-Content-Type-Options": ("nosniff",), "Vary": ("Accept", "Origin")}
    host = Process(driver, http=replace(HTTP, headers=headers))
    digest = host.push_blob("app", bytes(100_000))
    for path in ("/v2/", f"/v2/app/blobs/{digest}", "/v2/app/manifests/none", "/nowhere"):
        answer = host.request("GET", path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["vary"] == "Accept, Origin"


def test_there_is_no_redirect_if_it_is_disabled_or_not_supported_by_the_driver(driver: StorageDriver) -> None:
    host = Process(driver, http=replace(HTTP, redirect=False))
    digest = host.push_blob("app", b"{}")
    assert host.blob("app", digest).status_code == 200
    assert Process(driver).blob("app", digest).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH"])
def test_a_read_only_registry_rejects_all_writes_and_serves_all_reads(driver: StorageDriver, method: str) -> None:
    writable = Process(driver)
    digest = writable.push_blob("app", b"{}")
    writable.push_manifest("app", "latest", image())
    upload = writable.start("app")
    paths = {
        "PUT": ["/v2/app/manifests/latest", f"{upload}&digest={digest}"],
        "DELETE": ["/v2/app/manifests/latest", f"/v2/app/blobs/{digest}", upload],
        "POST": ["/v2/app/blobs/uploads/", f"/v2/app/blobs/uploads/?mount={digest}&from=app"],
        "PATCH": [upload],
    }
    readonly = Process(driver, replace(QUIET, readonly=True))
    for path in paths[method]:
        answer = readonly.request(method, path)
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (405, "UNSUPPORTED")
        assert "read-only" in answer.json["errors"][0]["detail"]
    assert readonly.blob("app", digest).status_code == 200
    assert readonly.request("GET", "/v2/app/manifests/latest").status_code == 200


def test_deletion_is_rejected_if_it_is_not_enabled(driver: StorageDriver) -> None:
    host = Process(driver, replace(QUIET, delete_enabled=False))
    digest = host.push_blob("app", b"{}")
    host.push_manifest("app", "latest", image())
    for path in ("manifests/latest", f"manifests/{digest}", f"blobs/{digest}"):
        answer = host.request("DELETE", f"/v2/app/{path}")
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (405, "UNSUPPORTED")
    assert host.request("DELETE", host.start("app")).status_code == 204, "an upload can always be cancelled"
