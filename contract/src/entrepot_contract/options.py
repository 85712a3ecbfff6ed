"""How a plugin says which options it takes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from entrepot_contract.errors import ConfigError
from entrepot_contract.scalars import ScalarsAsText

__all__ = ["DriverOptions", "describe", "nearest", "parse_options"]


class DriverOptions(ScalarsAsText):
    """The base of every plugin's options.

    Unknown names are refused. Secrets are ``pydantic.SecretStr``, and no value is ever shown in an error. An option of
    text takes YAML's numbers and booleans as text; one without a value is one that is not set.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)


AnyOptions = TypeVar("AnyOptions", bound=DriverOptions)


def parse_options(options: type[AnyOptions], config: Mapping[str, object], *, driver: str) -> AnyOptions:
    """Options from a section of configuration.

    Raises ConfigError with one sentence for every option that is wrong, and the nearest name for an unknown one.
    """
    try:
        return options.model_validate(dict(config))
    except ValidationError as error:
        raise ConfigError(describe(error, names_of(options)), driver=driver, operation="configure") from error


def names_of(options: type[BaseModel]) -> list[str]:
    """The names that a model takes, by alias where it has one."""
    return [field.alias or name for name, field in options.model_fields.items()]


def describe(error: ValidationError, known: Sequence[str]) -> str:
    """One sentence for every fault of a validation, with no value in it."""
    return "; ".join(_sentence(fault["type"], fault["loc"], fault["msg"], known) for fault in error.errors())


def _sentence(kind: str, place: tuple[int | str, ...], message: str, known: Sequence[str]) -> str:
    name = ".".join(str(step) for step in place)
    if not name:  # a fault of several options, which its own sentence names
        return message.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"unknown option {name!r}{nearest(str(place[-1]), known)}"
    if kind == "missing":
        return f"option {name!r} is required"
    return f"option {name!r}: {message[0].lower()}{message[1:]}"


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of a sentence about an unknown name: the nearest known one, or all of them."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f", did you mean {close[0]!r}?"
    return f"; known are {', '.join(sorted(known))}" if known else "; there are none"
