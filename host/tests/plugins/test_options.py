"""The options of a plugin, read from its options class."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Annotated, Literal

import pytest
from pydantic import BeforeValidator, Field, Secret, SecretStr

from entrepot.plugins.options import about, options_of
from entrepot_contract import DriverOptions
from entrepot_contract.toolkit.durations import Duration


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def secrets() -> dict[str, tuple[SecretStr, ...]]:
    return {"a": (SecretStr("swordfish"),)}


class Below(DriverOptions):
    depth: int = 3
    password: SecretStr = SecretStr("swordfish")


class Nested(DriverOptions):
    inner: Nested | None = None
    size: int = 1


class Everything(DriverOptions):
    """All kinds of ``options``."""

    where: str = Field(description="The place;\n  it must exist.")
    many: tuple[str, ...] = ()
    wait: Duration = timedelta(days=30, milliseconds=1)
    days: Duration = timedelta(days=30)
    never: Duration = timedelta(0)
    mode: Literal["fast", "safe"] | None = None
    colour: Colour = Colour.BLUE
    names: dict[str, int] = Field(default_factory=lambda: {"a": 1})
    free: dict[str, object] = Field(default_factory=dict)
    hidden: SecretStr = SecretStr("swordfish")
    hidden_in: Annotated[dict[str, tuple[SecretStr, ...]], BeforeValidator(dict)] = Field(default_factory=secrets)
    hidden_mapping: Secret[dict[str, object]] | None = Secret({"a": "swordfish"})
    below: Below = Below()
    other: int = Field(default=1, alias="elsewhere")
    many_below: dict[str, Below | list[Below]] = Field(default_factory=dict)
    endless: Nested | None = None
    derived: int = Field(default_factory=lambda data: int(data["other"]))


OPTIONS = {option.name: option for option in options_of(Everything)}


def test_a_required_option_has_its_description_on_one_line() -> None:
    where = OPTIONS["where"]
    assert (where.type, where.required, where.description) == ("text", True, "The place; it must exist.")
    assert [option.name for option in OPTIONS.values() if option.required] == ["where"]


@pytest.mark.parametrize(
    ("name", "kind", "default"),
    [
        ("many", "list of text", []),
        ("wait", "duration", "2592000.001s"),
        ("days", "duration", "720h"),
        ("never", "duration", "0s"),
        ("mode", "fast | safe", None),
        ("colour", "red | blue", "blue"),
        ("names", "mapping to whole number", {"a": 1}),
        ("free", "mapping", {}),
        ("hidden", "secret text", None),
        ("hidden_in", "mapping to list of secret text", None),
        ("hidden_mapping", "secret mapping", None),
        ("elsewhere", "whole number", 1),
    ],
)
def test_types_and_defaults_are_as_yaml_has_them(name: str, kind: str, default: object) -> None:
    assert (OPTIONS[name].type, OPTIONS[name].default) == (kind, default)


def test_the_options_of_a_mapping_are_nested() -> None:
    assert [(option.name, option.default) for option in OPTIONS["below"].options] == [("depth", 3), ("password", None)]


def test_options_of_many_mappings_are_distinguished_from_those_of_one() -> None:
    assert (OPTIONS["below"].of_many, OPTIONS["many_below"].of_many) == (False, True)
    assert OPTIONS["many_below"].options == OPTIONS["below"].options


def test_recursive_options_are_listed_once() -> None:
    assert [option.name for option in OPTIONS["endless"].options] == ["inner", "size"]
    assert OPTIONS["endless"].options[0].options == ()


def test_a_default_that_depends_on_other_options_is_not_shown() -> None:
    assert (OPTIONS["derived"].required, OPTIONS["derived"].default) == (False, None)


def test_the_default_of_a_secret_is_never_shown() -> None:
    assert "swordfish" not in repr(OPTIONS)


def test_a_class_without_its_own_docstring_has_no_description() -> None:
    assert about(Everything) == "All kinds of `options`."
    assert about(Below) == ""
