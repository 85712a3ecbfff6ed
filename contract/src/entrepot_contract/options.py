"""The options of plugins: how they are declared and validated."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from entrepot_contract.errors import ConfigError
from entrepot_contract.toolkit.scalars import ScalarsAsText

__all__ = ["DriverOptions", "describe", "nearest", "parse_options"]


class DriverOptions(ScalarsAsText):
    """Base class of the options of all plugins.

    Unknown names are rejected. Secrets are declared as ``pydantic.SecretStr``, and errors never show a value. A text
    option accepts YAML's numbers and booleans as text; an option without a value counts as not set.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)


AnyOptions = TypeVar("AnyOptions", bound=DriverOptions)


def parse_options(options: type[AnyOptions], config: Mapping[str, object], *, driver: str) -> AnyOptions:
    """Return the options parsed from a section of the configuration.

    Raises ConfigError with one sentence for every invalid option, and the closest known name for an unknown one.
    """
    try:
        return options.model_validate(dict(config))
    except ValidationError as error:
        raise ConfigError(describe(error, names_of(options)), driver=driver, operation="configure") from error


def names_of(options: type[BaseModel]) -> list[str]:
    """Return the names that a model accepts: the alias of each field that has one."""
    return [field.alias or name for name, field in options.model_fields.items()]


def describe(error: ValidationError, known: Sequence[str]) -> str:
    """Return one sentence for every validation error, without any values."""
    return "; ".join(_sentence(each["type"], each["loc"], each["msg"], known) for each in error.errors())


def _sentence(kind: str, place: tuple[int | str, ...], message: str, known: Sequence[str]) -> str:
    name = ".".join(str(step) for step in place)
    if not name:  # an error about several options, whose message names them
        return message.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"unknown option {name!r}{nearest(str(place[-1]), known)}"
    if kind == "missing":
        return f"option {name!r} is required"
    return f"option {name!r}: {message[0].lower()}{message[1:]}"


def nearest(name: str, known: Sequence[str]) -> str:
    """Return the end of a message about an unknown name: the closest known one, or all of them."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f", did you mean {close[0]!r}?"
    return f"; valid names: {', '.join(sorted(known))}" if known else "; there are none"
