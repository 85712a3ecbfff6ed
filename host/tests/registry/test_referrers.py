"""Referrers: manifests that refer to a subject, whoever pushed or deleted them, in pages of limited size."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from host.tests.registry.wrappers import Locked, Watched
from host.tests.storage.counting import CountingDriver
from support.content import OCI_CONFIG, Fields, descriptor, digest_of, encoded, image, index
from support.host import Process, keys_of

from entrepot.registry import layout
from entrepot.registry.manifest import OCI_INDEX, OCI_MANIFEST
from entrepot.registry.names import parse_digest
from entrepot_contract import StorageDriver

SUBJECT = encoded(image())
SUBJECT_DIGEST = digest_of(SUBJECT)
SUBJECT_FIELD = descriptor(SUBJECT, OCI_MANIFEST)


@pytest.fixture
def app(host: Process) -> Process:
    host.push_blob("app", b"{}")
    host.push_manifest("app", "latest", SUBJECT)
    return host


def referring(name: str, **more: object) -> Fields:
    return {**image(subject=SUBJECT_FIELD, annotations={"name": name}), **more}


def listed(host: Process, query: str = "", subject: str = SUBJECT_DIGEST) -> list[Fields]:
    answer = host.request("GET", f"/v2/app/referrers/{subject}{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, OCI_INDEX)
    assert answer.json["schemaVersion"] == 2
    assert answer.json["mediaType"] == OCI_INDEX
    found: list[Fields] = answer.json["manifests"]
    return found


def digests(entries: list[Fields]) -> list[object]:
    return [entry["digest"] for entry in entries]


def test_a_referrer_is_listed_with_the_descriptor_of_the_specification(app: Process, other: Process) -> None:
    content = encoded(referring("a signature", artifactType="application/vnd.example.signature"))
    answer = app.put_manifest("app", digest_of(content), content)
    assert answer.headers["oci-subject"] == SUBJECT_DIGEST
    expected = descriptor(
        content,
        OCI_MANIFEST,
        artifactType="application/vnd.example.signature",
        annotations={"name": "a signature"},
    )
    assert listed(app) == listed(other) == [expected]


def test_a_referrer_can_be_pushed_again_if_the_store_refuses_to_overwrite(driver: StorageDriver) -> None:
    host = Process(Locked(driver))
    host.push_blob("app", b"{}")
    content = encoded(referring("a signature"))
    for _ in range(2):
        assert host.put_manifest("app", digest_of(content), content).status_code == 201
    assert digests(listed(host)) == [digest_of(content)]


def test_the_artifact_type_of_an_image_is_that_of_its_config_and_an_index_may_have_none(app: Process) -> None:
    from_image = app.push_manifest("app", "i", referring("image"))
    from_index = app.push_manifest("app", "x", index(subject=SUBJECT_FIELD))
    types = {entry["digest"]: entry.get("artifactType") for entry in listed(app)}
    assert types == {from_image: OCI_CONFIG, from_index: None}


def test_a_subject_without_referrers_has_an_empty_list(app: Process) -> None:
    assert listed(app) == []
    assert listed(app, subject=digest_of(b"never pushed")) == []
    assert listed(app, subject=digest_of(b"never pushed", "sha512")) == []


def test_a_referrer_may_be_pushed_before_its_subject(host: Process) -> None:
    host.push_blob("app", b"{}")
    digest = host.push_manifest("app", "early", referring("early"))
    assert digests(listed(host)) == [digest]


def test_the_filter_selects_one_artifact_type_and_is_indicated(app: Process) -> None:
    wanted = app.push_manifest("app", "a", referring("a", artifactType="x/a+b"))
    app.push_manifest("app", "b", referring("b", artifactType="x/b"))
    answer = app.request("GET", f"/v2/app/referrers/{SUBJECT_DIGEST}?artifactType={quote('x/a+b', safe='')}")
    assert digests(answer.json["manifests"]) == [wanted]
    assert answer.headers["oci-filters-applied"] == "artifactType"
    assert digests(listed(app, "?artifactType=none")) == []


def test_deleting_a_referrer_removes_its_entry(app: Process, driver: StorageDriver) -> None:
    digest = app.push_manifest("app", "a", referring("a"))
    assert app.request("DELETE", f"/v2/app/manifests/{digest}").status_code == 202
    assert listed(app) == []
    assert not [key for key in keys_of(driver) if key.startswith("entrepot/")]


def test_deleting_the_subject_keeps_its_referrers(app: Process) -> None:
    digest = app.push_manifest("app", "a", referring("a"))
    assert app.request("DELETE", f"/v2/app/manifests/{SUBJECT_DIGEST}").status_code == 202
    assert digests(listed(app)) == [digest]


def test_a_referrer_deleted_by_another_registry_on_the_storage_is_not_listed(
    app: Process, driver: StorageDriver
) -> None:
    gone, kept = (app.push_manifest("app", name, referring(name)) for name in ("gone", "kept"))
    driver.delete([layout.revision("app", parse_digest(gone))])
    assert digests(listed(app)) == [kept]


def test_a_referrer_in_another_repository_is_not_listed(app: Process) -> None:
    app.push_blob("other", b"{}")
    app.push_manifest("other", "a", referring("a"))
    assert listed(app) == []


def fallback_tag(digest: str) -> str:
    return digest.replace(":", "-")


def test_referrers_listed_under_the_fallback_tag_are_included(app: Process, driver: StorageDriver) -> None:
    old, both, new = (encoded(referring(name)) for name in ("old", "both", "new"))
    for content in (old, both, new):
        app.push_manifest("app", digest_of(content), content)
    subject = parse_digest(SUBJECT_DIGEST)
    # As left by a registry without the referrers API: the manifest, and no entry in any index.
    driver.delete([layout.referrer("app", subject, parse_digest(digest_of(old)))])
    unrelated = encoded(image(annotations={"a": "b"}))
    app.push_manifest("app", "unrelated", unrelated)
    children = [descriptor(content, OCI_MANIFEST) for content in (old, both, unrelated)]
    app.push_manifest("app", fallback_tag(SUBJECT_DIGEST), index(*children))
    assert digests(listed(app)) == sorted(digest_of(content) for content in (old, both, new))


@pytest.mark.parametrize("content", [SUBJECT, b"no manifest at all"])
def test_a_fallback_tag_that_is_not_an_index_is_ignored(app: Process, driver: StorageDriver, content: bytes) -> None:
    digest = parse_digest(digest_of(content))
    driver.put(layout.blob(digest), content)
    driver.put(layout.revision("app", digest), str(digest).encode())
    driver.put(layout.tag_current("app", fallback_tag(SUBJECT_DIGEST)), str(digest).encode())
    assert listed(app) == []


def test_a_fallback_tag_without_a_digest_is_ignored(app: Process, driver: StorageDriver) -> None:
    driver.put(layout.tag_current("app", fallback_tag(SUBJECT_DIGEST)), b"damaged")
    referrer = app.push_manifest("app", "a", referring("a"))
    assert digests(listed(app)) == [referrer]


@pytest.mark.parametrize("query", ["", "?artifactType=application%2Fx%2By"])
def test_a_long_list_is_split_into_pages_of_less_than_four_mebibytes(app: Process, query: str) -> None:
    filler = "x" * 700_000
    pushed = sorted(
        app.push_manifest("app", f"t{number}", referring(f"{number}{filler}", artifactType="application/x+y"))
        for number in range(14)
    )
    found: list[object] = []
    path: str | None = f"/v2/app/referrers/{SUBJECT_DIGEST}{query}"
    pages = 0
    while path:
        answer = app.request("GET", path)
        assert len(answer.content) <= 4 * 2**20
        assert answer.headers.get("oci-filters-applied") == ("artifactType" if query else None)
        found += digests(answer.json["manifests"])
        link = answer.headers.get("link")
        path = link and link[1:].partition(">")[0]
        pages += 1
    assert found == pushed
    assert pages == 3


def test_one_descriptor_of_almost_four_mebibytes_is_listed_alone(app: Process) -> None:
    large = app.push_manifest("app", "large", referring("é" * 600_000))
    small = app.push_manifest("app", "small", referring("small"))
    first = app.request("GET", f"/v2/app/referrers/{SUBJECT_DIGEST}")
    assert len(first.content) <= 4 * 2**20
    assert sorted(map(str, digests(listed(app)))) == sorted([large, small])


@pytest.mark.parametrize("digest", ["abc", "sha256:abc", "md5:abc", "latest"])
def test_a_subject_that_is_not_a_digest_is_a_bad_request(app: Process, digest: str) -> None:
    answer = app.request("GET", f"/v2/app/referrers/{digest}")
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (400, "DIGEST_INVALID")


def pages_of(host: Process) -> list[list[object]]:
    """Returns the digests on each page of the list, in order."""
    pages: list[list[object]] = []
    path: str | None = f"/v2/app/referrers/{SUBJECT_DIGEST}"
    while path:
        answer = host.request("GET", path)
        pages.append(digests(answer.json["manifests"]))
        link = answer.headers.get("link")
        path = link and link[1:].partition(">")[0]
    return pages


def test_a_page_reads_its_own_entries_and_no_manifest(app: Process, driver: StorageDriver) -> None:
    for number in range(12):
        app.push_manifest("app", f"t{number}", referring(f"{number}{'x' * 1_000_000}"))
    counting = Watched(driver)
    cold = Process(counting)
    path: str | None = f"/v2/app/referrers/{SUBJECT_DIGEST}"
    costs = []
    while path:
        counting.reset()
        counting.listed = 0
        link = cold.request("GET", path).headers.get("link")
        costs.append((counting.calls["read"], counting.listed))
        path = link and link[1:].partition(">")[0]
    # Four fit on a page. For each, the entry and the membership are read; the next one to see that there is more.
    limit = 2 * (4 + 4) + 1
    assert len(costs) == 3
    assert max(read for read, _ in costs) <= limit
    assert [listed for _, listed in costs] == sorted((listed for _, listed in costs), reverse=True)


def test_a_list_reads_no_manifests_whose_descriptors_are_stored(app: Process, driver: StorageDriver) -> None:
    pushed = sorted(app.push_manifest("app", f"t{number}", referring(f"{number}")) for number in range(5))
    driver.delete([layout.blob(parse_digest(digest)) for digest in pushed])
    assert pages_of(Process(driver)) == [pushed]


@pytest.mark.parametrize("content", [b"{}", b"[]", b"", b'{"digest": "sha256:0"}', None])
def test_an_entry_without_a_descriptor_is_read_from_its_manifest(
    app: Process, driver: StorageDriver, content: bytes | None
) -> None:
    digest = app.push_manifest("app", "a", referring("a"))
    expected = listed(app)
    # Earlier versions wrote only the digest.
    key = layout.referrer("app", parse_digest(SUBJECT_DIGEST), parse_digest(digest))
    driver.put(key, digest.encode() if content is None else content)
    assert listed(Process(driver)) == expected


def test_foreign_objects_in_the_index_are_ignored(app: Process, driver: StorageDriver) -> None:
    digest = app.push_manifest("app", "a", referring("a"))
    prefix = layout.referrers("app", parse_digest(SUBJECT_DIGEST))
    for key in ("sha256/nothing/link", "sha256/x", "md5/0/link", f"sha256/{'0' * 64}/other"):
        driver.put(prefix + key, b"{}")
    assert digests(listed(app)) == [digest]


@pytest.mark.parametrize("last", ["sha256", "sha256:", "zzz", "sha256:zz"])
def test_a_list_continues_after_any_text(app: Process, last: str) -> None:
    pushed = sorted(app.push_manifest("app", f"t{number}", referring(f"{number}")) for number in range(5))
    assert digests(listed(app, f"?last={last}")) == [digest for digest in pushed if digest > last]
    for digest in pushed:
        assert digests(listed(app, f"?last={digest}")) == [one for one in pushed if one > digest]


@pytest.mark.parametrize("others", [0, 2000])
def test_a_long_list_contains_no_deleted_members(app: Process, driver: StorageDriver, others: int) -> None:
    pushed = sorted(app.push_manifest("app", digest_of(content), content) for content in map(_small, range(40)))
    for number in range(others):
        # There are too many links of other manifests to list all of them.
        driver.put(layout.revision("app", parse_digest(digest_of(b"%d" % number))), b"")
    gone = pushed[::7]
    driver.delete([layout.revision("app", parse_digest(digest)) for digest in gone])
    counting = CountingDriver(driver)
    cold = Process(counting)
    for _ in range(2):
        assert digests(listed(cold)) == [digest for digest in pushed if digest not in gone]
    assert counting.calls["read"] < 40 * (5 if others else 3)


def _small(number: int) -> bytes:
    return encoded(referring(str(number)))
