"""The options of a plugin, as its class tells them."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Annotated, Literal

import pytest
from pydantic import BeforeValidator, Field, Secret, SecretStr

from entrepot.plugins.options import about, options_of
from entrepot_contract import DriverOptions
from entrepot_contract.durations import Duration


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


TOLD = {option.name: option for option in options_of(Everything)}


def test_a_required_option_has_its_description_on_one_line() -> None:
    where = TOLD["where"]
    assert (where.type, where.required, where.description) == ("text", True, "The place; it must exist.")
    assert [option.name for option in TOLD.values() if option.required] == ["where"]


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
    assert (TOLD[name].type, TOLD[name].default) == (kind, default)


def test_the_options_of_a_mapping_are_below_it() -> None:
    assert [(option.name, option.default) for option in TOLD["below"].options] == [("depth", 3), ("password", None)]


def test_options_of_any_number_of_mappings_are_told_apart_from_those_of_one() -> None:
    assert (TOLD["below"].of_many, TOLD["many_below"].of_many) == (False, True)
    assert TOLD["many_below"].options == TOLD["below"].options


def test_options_within_themselves_are_told_once() -> None:
    assert [option.name for option in TOLD["endless"].options] == ["inner", "size"]
    assert TOLD["endless"].options[0].options == ()


def test_a_default_that_is_made_from_other_options_is_not_told() -> None:
    assert (TOLD["derived"].required, TOLD["derived"].default) == (False, None)


def test_the_default_of_a_secret_is_never_told() -> None:
    assert "swordfish" not in repr(TOLD)


def test_a_class_without_a_docstring_of_its_own_says_nothing() -> None:
    assert about(Everything) == "All kinds of `options`."
    assert about(Below) == ""
