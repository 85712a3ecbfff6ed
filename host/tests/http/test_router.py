"""Paths are split correctly for every valid repository name, even one that looks like a path."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

import falcon
import pytest
from host.tests.registry.examples import some_examples
from hypothesis import given
from hypothesis import strategies as st
from support.content import digest_of, image
from support.host import HTTP, Process

from entrepot.errors import NameInvalid
from entrepot.http import router
from entrepot.http.router import Router
from entrepot_contract import StorageDriver

components = st.sampled_from(["blobs", "uploads", "manifests", "tags", "list", "referrers", "v2", "a", "a-b.c__d"])
names = st.lists(components, min_size=1, max_size=6).map("/".join)
references = st.sampled_from(["latest", "list", "uploads", "blobs", "tags", "sha256:" + "a" * 64])

TEMPLATES = [
    router.UPLOADS,
    router.UPLOAD,
    router.BLOB,
    router.MANIFEST,
    router.TAGS,
    router.REFERRERS,
]


class Resource:
    """A resource without responders; only its routing is tested."""


def routes(prefix: str = "/") -> Router:
    made = Router(prefix)
    for template in (*TEMPLATES, router.ROOT, router.V2, router.V2_BARE, router.CATALOG):
        made.add_route(template, Resource())
    return made


ROUTES, BELOW = routes(), routes("/registry/here/")


@some_examples
@given(names, references, st.sampled_from(TEMPLATES), st.booleans())
def test_a_path_is_routed_to_its_resource_with_parameters(name: str, last: str, template: str, below: bool) -> None:
    if template == router.BLOB and last == "uploads":
        return
    given_parameters = {"name": name, "reference": last, "digest": last, "uuid": last}
    expected = {key: value for key, value in given_parameters.items() if f"{{{key}}}" in template}
    path = template.format(**given_parameters)
    found = BELOW.find("/registry/here" + path) if below else ROUTES.find(path)
    assert found is not None
    assert (found[3], found[2]) == (template, expected)


@some_examples
@given(names)
def test_uploads_are_routed_with_and_without_the_trailing_slash(name: str) -> None:
    for path in (f"/v2/{name}/blobs/uploads/", f"/v2/{name}/blobs/uploads"):
        found = ROUTES.find(path)
        assert found is not None
        assert (found[3], found[2]) == (router.UPLOADS, {"name": name})


@some_examples
@given(st.text("/abv2_.-:é\n", max_size=30).map(lambda text: "/v2/" + text))
def test_any_path_is_found_or_not_or_redirected_or_has_an_invalid_name(path: str) -> None:
    try:
        found = ROUTES.find(path)
    except NameInvalid:
        return
    except falcon.HTTPMovedPermanently as moved:
        clean = unquote(dict(moved.headers or {})["location"])
        assert "//" not in clean
        assert ROUTES.find(clean) is not None
        return
    assert found is None or found[3] in (*TEMPLATES, router.V2, router.CATALOG)


@pytest.mark.parametrize("path", ["/v2/", "/registry/v2/", "/registry/herev2/", "/registry/here", "/registry/here/v1/"])
def test_paths_outside_of_the_prefix_are_not_found(path: str) -> None:
    assert BELOW.find(path) is None


@pytest.mark.parametrize("name", ["A", "-a", "a..b", "_catalog", "a" * 256, "..", "a/../b", "%2e", "é"])
@pytest.mark.parametrize("rest", ["manifests/latest", "tags/list", "blobs/uploads/", "blobs/" + "sha256:" + "a" * 64])
def test_an_invalid_name_is_a_bad_request(host: Process, name: str, rest: str) -> None:
    answer = host.request("POST" if rest.endswith("uploads/") else "GET", f"/v2/{name}/{rest}")
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (400, "NAME_INVALID")


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("/v2/a/tags/list/", "/v2/a/tags/list"),
        ("/v2/a//b/tags//list", "/v2/a/b/tags/list"),
        ("/v2//a/manifests/v1//", "/v2/a/manifests/v1"),
        ("//v2/_catalog/", "/v2/_catalog"),
        ("//v2//", "/v2/"),
        (f"/v2/a/blobs/sha256:{'a' * 64}/", f"/v2/a/blobs/sha256:{'a' * 64}"),
        ("//v2.example/v2/a/tags/list", None),
        ("/v2/A//b/tags/list", None),
        ("//", "/"),
    ],
)
def test_duplicate_and_trailing_slashes_redirect_to_the_clean_path(host: Process, path: str, clean: str | None) -> None:
    for query in ("", "?n=5&last=x%2Fy"):
        answer = host.request("GET", path + query)
        if clean is None:
            assert answer.status_code in (400, 404)
        else:
            assert (answer.status_code, answer.headers["location"]) == (301, clean + query)


def test_a_redirect_keeps_the_prefix(driver: StorageDriver) -> None:
    host = Process(driver, http=replace(HTTP, prefix="/here/"))
    assert host.request("GET", "/here//v2/a/tags/list/").headers["location"] == "/here/v2/a/tags/list"
    assert host.request("GET", "//elsewhere/v2/a/tags/list/").status_code == 404


@pytest.mark.parametrize("name", ["blobs/uploads", "manifests", "a/tags/list", "v2", "blobs/uploads/blobs", "uploads"])
def test_a_repository_with_a_tricky_name_can_be_used(host: Process, name: str) -> None:
    digest = host.push_blob(name, b"{}")
    location = host.patch(host.start(name), b"layer")
    assert host.finish(location, digest_of(b"layer")).status_code == 201
    host.push_manifest(name, "latest", image())
    assert host.blob(name, digest).content == b"{}"
    assert host.request("GET", f"/v2/{name}/manifests/latest").status_code == 200
    assert host.request("GET", f"/v2/{name}/tags/list").json == {"name": name, "tags": ["latest"]}
    assert host.request("GET", f"/v2/{name}/referrers/{digest}").json["manifests"] == []
    assert host.request("GET", "/v2/_catalog").json == {"repositories": [name]}
