"""YAML scalars in text fields: numbers and booleans are converted to the type of the field, as in Go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Secret, SecretStr, model_validator

__all__ = ["ScalarsAsText"]

_TEXT: Final = (str, SecretStr, PurePath, re.Pattern)


class ScalarsAsText(BaseModel):
    """A model whose text fields accept numbers and booleans, also inside lists and mappings.

    ``accesskey: 12345678`` is read as the text ``12345678``, and ``[true]`` in a list of text as ``true``. A key
    without a value counts as not set; in a list or mapping of text, it is the empty text.
    """

    @model_validator(mode="before")
    @classmethod
    def _decode_scalars(cls, raw: object) -> object:
        return _decoded(cls, raw)


def _decoded(annotation: object, value: object) -> object:
    """Return the value with each scalar converted to text where the annotation requires text."""
    if value is None or isinstance(value, (bool, int, float)):
        return _scalar(annotation, value)
    if isinstance(value, Mapping):
        return _mapping(annotation, value)
    if isinstance(value, (list, tuple)):
        item = next((get_args(kind)[0] for kind in _alternatives(annotation) if _is_list(kind)), None)
        return value if item is None else [_decoded(item, one) for one in value]
    return value


def _scalar(annotation: object, value: object) -> object:
    kinds = set(_leaves(annotation))
    if not any(isinstance(kind, type) and issubclass(kind, _TEXT) for kind in kinds):
        return value
    if kinds & {object, Any, type(value)} or (kinds & {int, float} and not isinstance(value, bool | None)):
        return value
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _mapping(annotation: object, value: Mapping[object, object]) -> object:
    for kind in _alternatives(annotation):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
            fields |= {name: field.annotation for name, field in kind.model_fields.items()}
            wanted = {name: fields.get(str(name), object) for name in value}
            return {
                name: _decoded(wanted[name], one)
                for name, one in value.items()
                if one is not None or not {object, Any, NoneType}.isdisjoint(_leaves(wanted[name]))
            }
        if isinstance(origin := get_origin(kind), type) and issubclass(origin, Mapping):
            names, below = get_args(kind)
            return {_scalar(names, name): _decoded(below, one) for name, one in value.items()}
    return value


def _is_list(kind: object) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, (list, tuple, set, frozenset))


def _alternatives(annotation: object) -> Iterator[object]:
    """Yield the alternatives of a type: the members of a union, without Annotated, Secret and aliases."""
    if hasattr(annotation, "__value__"):  # an alias by the statement ``type``
        yield from _alternatives(annotation.__value__)
    elif get_origin(annotation) in {Annotated, Secret}:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, UnionType}:
        for kind in get_args(annotation):
            yield from _alternatives(kind)
    else:
        yield annotation


def _leaves(annotation: object) -> Iterator[object]:
    """Yield the scalar types that an annotation accepts, directly or in lists and mappings."""
    for kind in _alternatives(annotation):
        origin = get_origin(kind)
        if origin is Literal:
            yield from {type(choice) for choice in get_args(kind)}
        elif isinstance(origin, type) and issubclass(origin, Mapping):
            yield from _leaves(get_args(kind)[1])
        elif _is_list(kind):
            yield from _leaves(get_args(kind)[0])
        else:
            yield origin or kind
