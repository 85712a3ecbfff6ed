"""The grammar of scopes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot_auth_token.scopes import MAX_SCOPE, format_scope, parse_scopes
from entrepot_contract.auth import Access

word = st.from_regex(r"\A[a-z0-9]{1,4}\Z")
separator = st.sampled_from([".", "_", "__", "-", "--", "---"])
component = st.lists(word, min_size=1, max_size=3).flatmap(
    lambda words: st.tuples(*[separator] * (len(words) - 1)).map(
        lambda between: "".join(word + after for word, after in zip(words, (*between, ""), strict=True))
    )
)
path = st.lists(component, min_size=1, max_size=4).map("/".join)
host = st.from_regex(r"\A[a-zA-Z0-9]([a-zA-Z0-9-]{0,4}[a-zA-Z0-9])?(\.[a-zA-Z0-9]{1,3}){0,2}(:[0-9]{1,5})?\Z")
name = path | st.builds("{}/{}".format, host, path)
access = st.builds(Access, st.just("registry") | word, name, st.from_regex(r"\A[a-z]{1,6}\Z")) | st.builds(
    Access, st.just("repository"), name, st.sampled_from(["pull", "push", "delete", "x"])
)


@given(st.lists(access))
def test_formatted_scopes_parse_to_the_same_accesses(wanted: list[Access]) -> None:
    assert set(parse_scopes([format_scope(wanted)])) == set(wanted)


@given(st.text(alphabet="abz09AZ._-:/,*() \u00e9\n\t", max_size=40))
def test_parsed_scopes_round_trip(text: str) -> None:
    found = parse_scopes([text])
    again = parse_scopes([format_scope(found)])
    assert set(again) == set(found)
    for one in found:
        assert one.name in text
        assert "(" not in one.kind


@pytest.mark.parametrize(
    ("scopes", "wanted"),
    [
        ([], []),
        ([""], []),
        (["repository:a:pull"], ["repository a pull"]),
        (["repository:samalba/my-app:pull,push"], ["repository samalba/my-app pull", "repository samalba/my-app push"]),
        (["repository:a:push,pull,push"], ["repository a push", "repository a pull"]),
        (["repository:a:pull repository:b:pull", "repository:a:pull"], ["repository a pull", "repository b pull"]),
        (["repository:Host.example:5000/a/b:pull"], ["repository Host.example:5000/a/b pull"]),
        (["repository:localhost:5000/a:pull"], ["repository localhost:5000/a pull"]),
        (["repository(plugin):a:pull"], ["repository a pull"]),
        (["repository:a:*"], ["repository a pull", "repository a push", "repository a delete"]),
        (["registry:catalog:*"], ["registry catalog *"]),
        (["repository:a:"], []),
        ([" repository:a:pull  repository:b:push "], ["repository a pull", "repository b push"]),
        (["repository:a:,pull,"], ["repository a pull"]),
        (["artifact:a__b/c---d.e_f:list"], ["artifact a__b/c---d.e_f list"]),
    ],
)
def test_valid_scopes_are_parsed(scopes: list[str], wanted: list[str]) -> None:
    assert [f"{one.kind} {one.name} {one.action}" for one in parse_scopes(scopes)] == wanted


@pytest.mark.parametrize(
    "scope",
    [
        "repository",
        "repository:a",
        ":a:pull",
        "repository::pull",
        "Repository:a:pull",
        "repository():a:pull",
        "repository(plugin:a:pull",
        "repository:A:pull",
        "repository:/a:pull",
        "repository:a/:pull",
        "repository:a//b:pull",
        "repository:a___b:pull",
        "repository:a..b:pull",
        "repository:-a:pull",
        "repository:../a:pull",
        "repository:a:pull\n",
        "repository:a:Pull",
        "repository:a:pull;push",
        "repository:a:pull:push",
        "repository:host:port/a:pull",
        "repository:host:80:pull",
        "repository:*:pull",
        "repository:a:**",
        "repository:a:pull\trepository:b:pull",
        "repository:\u00e9:pull",
        f"repository:{'a' * MAX_SCOPE}:pull",
        f"repository:{'a-' * 500}:pull",
    ],
)
def test_an_invalid_scope_is_ignored(scope: str) -> None:
    assert parse_scopes([scope]) == ()
    assert parse_scopes([f"{scope} repository:b:pull", "admin"]) == (Access("repository", "b", "pull"),)


def test_accesses_to_one_resource_are_merged_with_actions_in_order() -> None:
    wanted = [
        Access("repository", "a/b", "push"),
        Access("repository", "c", "pull"),
        Access("repository", "a/b", "delete"),
        Access("repository", "a/b", "pull"),
        Access("registry", "catalog", "*"),
    ]
    assert format_scope(wanted) == "repository:a/b:pull,push,delete repository:c:pull registry:catalog:*"
