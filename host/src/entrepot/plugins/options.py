"""The options of a plugin, read from its Options class."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Final, Literal, get_args, get_origin

from pydantic import BaseModel, Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from entrepot_contract import DriverOptions
from entrepot_contract.toolkit.durations import format_duration

__all__ = ["Option", "about", "options_of"]

_SECRETS: Final = (Secret, SecretStr, SecretBytes)
_UNIONS: Final = (typing.Union, types.UnionType)


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name, a readable type, its default as in YAML and JSON, and its description.

    - ``default`` is None for a secret and for a required option.
    - ``options`` are the nested options, if it is a mapping with fixed keys.
    - ``of_many`` is True if it holds any number of such mappings.
    """

    name: str
    type: str
    required: bool
    secret: bool
    default: object
    description: str
    options: tuple[Option, ...] = ()
    of_many: bool = False


def options_of(options: type[BaseModel], above: tuple[type, ...] = ()) -> tuple[Option, ...]:
    """Returns the options of a class in order; empty for a class nested in itself, that is, one in ``above``."""
    if options in above:
        return ()
    fields = options.model_fields.items()
    return tuple(_option(field.alias or name, field, (*above, options)) for name, field in fields)


def about(options: type[BaseModel]) -> str:
    """Returns the docstring of an options class, or an empty string if it has none of its own."""
    inherited = {DriverOptions.__doc__, BaseModel.__doc__}
    return "" if options.__doc__ in inherited else _plain_text(inspect.cleandoc(options.__doc__ or ""))


def _option(name: str, field: FieldInfo, above: tuple[type, ...]) -> Option:
    kinds = list(_parts(field.annotation))
    secret = any(_is(kind, _SECRETS) for kind in kinds)
    below = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
    return Option(
        name=name,
        type=type_text(field.annotation),
        required=field.is_required(),
        secret=secret,
        default=None if secret or field.is_required() else _default(field),
        description=" ".join(_plain_text(field.description or "").split()),
        options=() if below is None else options_of(below, above),
        of_many=below is not None and below not in _parts(field.annotation, inside=False),
    )


def _default(field: FieldInfo) -> object:
    try:
        return plain(field.get_default(call_default_factory=True))
    except Exception:  # noqa: BLE001 - it may depend on other options, and raise anything without them
        return None


def plain(value: object) -> object:
    """Returns a value as in YAML and JSON; None for a secret."""
    if isinstance(value, _SECRETS):
        return None
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, BaseModel):
        fields = type(value).model_fields.items()
        held = {field.alias or name: getattr(value, name) for name, field in fields}
        return {name: plain(inner) for name, inner in held.items() if not isinstance(inner, _SECRETS)}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(inner) for inner in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, PurePath):
        return str(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else repr(value)


def _plain_text(text: str) -> str:
    """Remove reStructuredText markup for readers who may not know it."""
    return text.replace("``", "`")


def type_text(annotation: object) -> str:
    """Returns a readable name of a type for authors of YAML: ``text``, ``number``, ``list of text``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__value__"):  # a ``type`` alias statement
        return type_text(annotation.__value__)
    if origin is Annotated:
        return type_text(arguments[0])
    if origin is Literal:
        return " | ".join(str(plain(value)).lower() if isinstance(value, bool) else str(value) for value in arguments)
    if origin in _UNIONS:
        return " | ".join(dict.fromkeys(type_text(kind) for kind in arguments if kind is not type(None)))
    if _is(annotation, _SECRETS):
        return f"secret {type_text(arguments[0])}" if arguments else "secret text"
    container = origin or annotation
    if isinstance(container, type) and issubclass(container, (Mapping, BaseModel)):
        inner = type_text(arguments[1]) if len(arguments) == 2 else "anything"
        return "mapping" if inner == "anything" else f"mapping to {inner}"
    if isinstance(container, type) and issubclass(container, (list, tuple, set, frozenset)):
        return f"list of {type_text(arguments[0])}" if arguments else "list"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(str(plain(member)) for member in annotation)
    return _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


_WORDS: Final[Mapping[object, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true | false",
    timedelta: "duration",
    object: "anything",
    typing.Any: "anything",
}


def _is(annotation: object, kinds: tuple[type, ...]) -> bool:
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, kinds)


def _parts(annotation: object, *, inside: bool = True) -> typing.Iterator[object]:
    """Yield a type and every type in it, or only those of the value itself and not of its items."""
    yield annotation
    if inside or get_origin(annotation) in {*_UNIONS, Annotated, Secret}:
        for inner in get_args(annotation):
            yield from _parts(inner, inside=inside)
