"""Every endpoint, for every user, on both servers: the statuses match a table that was written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

import pytest
from matrix.people import KEEPER, headers_of
from matrix.table import ROWS, WHO, Row
from support.content import digest_of
from support.services.registry import Registry
from support.wire import Answer

BLOB = b"what the repositories hold"
DIGEST = digest_of(BLOB)
MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
MANIFEST = (
    f'{{"schemaVersion":2,"mediaType":"{MEDIA_TYPE}","config":{{"mediaType":"application/octet-stream",'
    f'"digest":"{DIGEST}","size":{len(BLOB)}}},"layers":[]}}'
).encode()
NEW = b"not pushed yet"


def _expect(answer: Answer, *statuses: int) -> Answer:
    assert answer.status in statuses, answer.body
    return answer


def _fill(registry: Registry, repository: str) -> None:
    uploads = f"/v2/{repository}/blobs/uploads/?digest={DIGEST}"
    _expect(registry.wire.request("POST", uploads, BLOB, KEEPER), 201)
    headers = {**KEEPER, "Content-Type": MEDIA_TYPE}
    _expect(registry.wire.request("PUT", f"/v2/{repository}/manifests/v1", MANIFEST, headers), 201)


@pytest.fixture(scope="module")
def filled(registry: Registry) -> Registry:
    """A registry with all content that the targets of the table refer to."""
    for repository in ("team/app", "team/other", "secret/app", "public/app"):
        _fill(registry, repository)
    return registry


@pytest.fixture
def names(filled: Registry, row: Row) -> Iterator[Mapping[str, str]]:
    """Return the values of the variables in targets. Content that a test deleted is created again."""
    upload = ""
    if "{upload}" in row.target:
        upload = _expect(filled.wire.request("POST", "/v2/team/app/blobs/uploads/", b"", KEEPER), 202).location
    yield {"digest": DIGEST, "manifest": digest_of(MANIFEST), "upload": upload, "new": quote(digest_of(NEW))}
    if row.method == "DELETE":
        _fill(filled, "team/app")


def _body(row: Row) -> bytes:
    if row.method == "PUT" and "/manifests/" in row.target:
        return MANIFEST
    sends = row.method in {"PATCH", "PUT"} or "?digest=" in row.target
    return NEW if sends else b""


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_user_gets_the_status_of_the_table(
    registry: Registry, row: Row, who: str, names: Mapping[str, str]
) -> None:
    headers = headers_of(who)
    if row.method == "PUT" and "/manifests/" in row.target:
        headers["Content-Type"] = MEDIA_TYPE

    answer = registry.wire.request(row.method, row.target.format(**names), _body(row), headers)

    assert answer.status == row.statuses[WHO.index(who)], answer.body
    if row.method != "HEAD" and answer.status in {401, 403}:
        code = {401: b'"code": "UNAUTHORIZED"', 403: b'"code": "DENIED"'}[answer.status]
        assert code in answer.body or code.replace(b" ", b"") in answer.body
    assert ("www-authenticate" in answer.headers) is (answer.status == 401)


def test_the_catalog_lists_the_repositories_that_the_user_may_pull(filled: Registry) -> None:
    assert filled.wire.request("GET", "/v2/_catalog", headers=headers_of("admin")).json() == {
        "repositories": ["public/app", "team/app", "team/other"]
    }


def test_every_endpoint_is_in_the_table() -> None:
    kinds = {row.target.split("?")[0].rpartition("/")[0].rpartition("/")[2] or row.target for row in ROWS}
    assert {"manifests", "blobs", "tags", "uploads", "referrers", "v2", "auth"} <= kinds
