"""The catalog: Distribution's order, complete pages, and no more listings than necessary."""

from __future__ import annotations

import json
from itertools import islice

from host.tests.registry.examples import some_examples
from host.tests.storage.counting import CountingDriver
from hypothesis import given
from hypothesis import strategies as st
from support.content import image
from support.host import Process, memory

from entrepot.registry.catalog import Catalog
from entrepot.registry.store import Store
from entrepot_contract import StorageDriver

components = st.from_regex(r"[a1](-?[a1])?", fullmatch=True)
names = st.lists(components, min_size=1, max_size=3).map("/".join)


def holding(repositories: list[str] | set[str]) -> StorageDriver:
    driver = memory()
    for name in repositories:
        driver.put(f"docker/registry/v2/repositories/{name}/_manifests/tags/t/current/link", b"x")
        driver.put(f"docker/registry/v2/repositories/{name}/_layers/sha256/{'0' * 64}/link", b"x")
    return driver


def distributions_order(name: str) -> str:
    """Distribution compares names with their slashes replaced by NUL (registry/storage/catalog.go)."""
    return name.replace("/", "\0")


@some_examples
@given(st.sets(names, max_size=12))
def test_repositories_are_in_distributions_order(repositories: set[str]) -> None:
    assert list(Catalog(Store(holding(repositories))).names()) == sorted(repositories, key=distributions_order)


@some_examples
@given(st.sets(names, max_size=12), names)
def test_any_last_is_followed_by_the_tail_of_the_list(repositories: set[str], last: str) -> None:
    catalog = Catalog(Store(holding(repositories)))
    tail = [name for name in catalog.names() if distributions_order(name) > distributions_order(last)]
    assert list(catalog.names(last)) == tail


def test_a_repository_that_has_only_blobs_is_not_listed() -> None:
    driver = holding(["b"])
    driver.put(f"docker/registry/v2/repositories/a/_layers/sha256/{'0' * 64}/link", b"x")
    assert list(Catalog(Store(driver)).names()) == ["b"]


def test_a_page_lists_only_its_own_repositories() -> None:
    driver = CountingDriver(holding([f"team-{number:03}/app" for number in range(200)]))
    catalog = Catalog(Store(driver))
    assert len(list(islice(catalog.names(), 5))) == 5
    first_page = driver.calls["list_objects"]
    driver.reset()
    assert next(catalog.names("team-150/app")) == "team-151/app"
    assert first_page <= 1 + 5 * 2, "one listing per team, and one for its app"
    assert driver.calls["list_objects"] <= 5, "and a later page costs no more than the first"


def test_a_repository_with_very_many_others_below_it_is_listed_before_them() -> None:
    below = [f"many/{number:04}" for number in range(600)]
    driver = holding(["many", *below])
    assert list(Catalog(Store(driver)).names()) == ["many", *below]
    assert list(Catalog(Store(holding(below))).names()) == below


def test_the_pages_over_http_contain_the_whole_list() -> None:
    host = Process(memory())
    names = ["a", "a/b", "a-b", "b", "b/c/d"]
    for name in names:
        host.push_blob(name, b"{}")
        host.push_manifest(name, "latest", image())
    found: list[str] = []
    path: str | None = "/v2/_catalog?n=2"
    pages = 0
    while path:
        answer = host.request("GET", path)
        found += json.loads(answer.content)["repositories"]
        link = answer.headers.get("link")
        assert link is None or link.endswith('>; rel="next"')
        path = link and link[1:].partition(">")[0]
        pages += 1
    assert (found, pages) == (names, 3)
