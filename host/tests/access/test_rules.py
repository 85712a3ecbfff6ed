"""The access rules."""

from __future__ import annotations

import pytest

from entrepot.access import Rule, Rules
from entrepot.access.rules import CATALOG
from entrepot_contract.auth import Access, Identity

ALICE = Identity("alice", frozenset({"devs"}))
BOB = Identity("bob")


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("**", "a", True),
        ("**", "a/b/c", True),
        ("*", "a", True),
        ("*", "a/b", False),
        ("team/*", "team/a", True),
        ("team/*", "team/a/b", False),
        ("team/**", "team/a/b", True),
        ("team/**", "team", False),
        ("team/**", "teams/a", False),
        ("**/cache", "cache", True),
        ("**/cache", "a/b/cache", True),
        ("**/cache", "a/cached", False),
        ("app-?", "app-1", True),
        ("app-?", "app-10", False),
        ("app-[0-9]", "app-x", False),
        ("a.b", "axb", False),
        ("**", "a/.b", True),
    ],
)
def test_a_glob_matches_whole_components(pattern: str, name: str, matches: bool) -> None:
    rule = Rule.of("anonymous", pattern, ["pull"])
    assert rule.allows(None, Access("repository", name, "pull")) is matches


@pytest.mark.parametrize(
    ("who", "for_whom"),
    [
        ("anonymous", {"unknown", "alice", "bob", "unnamed"}),
        ("authenticated", {"alice", "bob"}),
        ("user:alice", {"alice"}),
        ("group:devs", {"alice"}),
        ("user:devs", set()),
        ("group:alice", set()),
        ("user:", set()),
    ],
)
def test_a_rule_applies_to_the_clients_it_names(who: str, for_whom: set[str]) -> None:
    people = {"unknown": None, "alice": ALICE, "bob": BOB, "unnamed": Identity("")}
    rule = Rule.of(who, "**", ["pull"])
    assert {name for name, one in people.items() if rule.allows(one, Access("repository", "a", "pull"))} == for_whom


@pytest.mark.parametrize("action", ["push", "delete", "catalog", "*", ""])
def test_a_rule_allows_only_its_actions(action: str) -> None:
    assert not Rule.of("anonymous", "**", ["pull"]).allows(None, Access("repository", "a", action))


def test_the_catalog_is_an_action_of_the_registry() -> None:
    rule = Rule.of("user:alice", "team/**", ["catalog"])
    assert rule.allows(ALICE, CATALOG)
    assert not rule.allows(BOB, CATALOG)
    assert not rule.allows(ALICE, Access("repository", "team/a", "catalog"))
    assert not rule.allows(ALICE, Access("registry", "other", "*"))


def test_the_first_matching_rule_decides_and_no_match_denies() -> None:
    rules = Rules([Rule.of("user:bob", "**", ["pull"]), Rule.of("authenticated", "**", ["pull"])])
    found = rules.deciding(ALICE, Access("repository", "a", "pull"))
    assert found is not None
    assert found[0] == 2
    assert rules.deciding(ALICE, Access("repository", "a", "push")) is None
    assert not rules.allow(None, Access("repository", "a", "pull"))


def test_remembered_decisions_take_a_bounded_weight() -> None:
    rules = Rules([Rule.of("group:" + "g" * 2000, "**", ["pull"])])
    access = Access("repository", "team/app", "pull")
    for number in range(4000):
        assert rules.allow(Identity(f"user-{number}", frozenset({"g" * 2000})), access)
    assert not rules.allow(Identity("user-0"), access)
    assert len(rules._decisions._entries) < 2000, "each takes 2,500 bytes"
