"""Names in a bucket, and their keys."""

from __future__ import annotations

import pytest

from entrepot_contract.toolkit.prefix import Root


@pytest.mark.parametrize("directory", ["", "/", "a", "/a/b/"])
def test_names_and_keys_are_inverse(directory: str) -> None:
    root = Root(directory)
    inside = directory.strip("/")
    assert root.name("x/y") == (f"{inside}/x/y" if inside else "x/y")
    assert root.key(root.name("x/y")) == "x/y"
    assert root.prefix(root.name("x/y/")) == "x/y/"


def test_a_name_outside_the_root_is_not_a_key() -> None:
    root = Root("a")
    assert root.key("b/x") is None
    assert root.key("ab") is None
    assert root.key("a/") is None
    assert root.key("a/.hidden") is None
    assert root.prefix("a/.entrepot/") is None


def test_working_names_are_not_keys_and_precede_every_listing() -> None:
    root = Root("a")
    working = root.working("uploads/1")
    assert root.key(working) is None
    assert working < root.after("", "")
    assert root.after("", "") < root.name("0")
    assert root.after("x/", "") == "a/x/"
    assert root.after("x/", "x/y") == "a/x/y"
