"""Numbers and booleans in text options, and in lists and mappings of text."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, Field, Secret, SecretStr, ValidationError

from entrepot_contract import DriverOptions


class Below(BaseModel):
    """A nested model."""

    name: str = "unset"


class Options(DriverOptions):
    """Each type of text option, and some other types."""

    text: str = "unset"
    secret: SecretStr | None = None
    sealed: Secret[str] = Secret("unset")
    aliased: str = Field(default="unset", alias="rootdirectory")
    choice: Literal["1", "true"] = "1"
    texts: tuple[str, ...] = ()
    headers: Annotated[dict[str, list[SecretStr]], BeforeValidator(lambda value: value)] = Field(default_factory=dict)
    below: Below | None = None
    number: int = 0
    switch: bool = False
    either: int | str = 0
    anything: dict[str, object] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"text": 12345678}, {"text": "12345678"}),
        ({"text": True}, {"text": "true"}),
        ({"text": 0.5}, {"text": "0.5"}),
        ({"secret": 42}, {"secret": SecretStr("42")}),
        ({"sealed": False}, {"sealed": Secret("false")}),
        ({"rootdirectory": 7}, {"aliased": "7"}),
        ({"choice": True}, {"choice": "true"}),
        ({"texts": [1, True, "a", None]}, {"texts": ("1", "true", "a", "")}),
        ({"headers": {1: [True]}}, {"headers": {"1": [SecretStr("true")]}}),
        ({"below": {"name": 5}}, {"below": Below(name="5")}),
        ({"below": {"name": None}}, {"below": Below()}),
        ({"text": None, "number": None, "secret": None}, {"text": "unset", "number": 0, "secret": None}),
        ({"number": 5, "switch": True, "either": 5}, {"number": 5, "switch": True, "either": 5}),
        ({"number": "5", "switch": "true"}, {"number": 5, "switch": True}),
        ({"anything": {"port": 22, "on": True, "no": None}}, {"anything": {"port": 22, "on": True, "no": None}}),
    ],
)
def test_a_scalar_is_converted_to_the_type_of_its_option(given: dict[str, object], expected: dict[str, object]) -> None:
    options = Options.model_validate(given)
    assert {name: getattr(options, name) for name in expected} == expected


@pytest.mark.parametrize("given", [{"text": [1]}, {"text": {"a": 1}}, {"texts": 5}, {"headers": {"X": 1}}])
def test_other_values_are_still_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(given)
