"""Generates the reference of the configuration from the models.

``python -m entrepot.config.reference > docs/configuration-reference.md``
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Final, Literal, get_args, get_origin

import yaml
from limits import RateLimitItem
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from entrepot.addresses import Address
from entrepot.config.model import Configuration
from entrepot.config.section import Section
from entrepot.plugins.options import plain, type_text

__all__ = ["reference"]

_HEAD: Final = """\
<!-- Generated from the models: python -m entrepot.config.reference > docs/configuration-reference.md -->

# Configuration reference

Every key of the configuration. [Configuration](configuration.md) describes the file, the environment variables and the
keys of Docker Distribution that are not supported; the README of a plugin lists its options.

- *extension* marks a key that Docker Distribution does not have.
- `[]` stands for an item of a list: the variable of the first item has the number 0 in its place.
- A duration is a number with a unit: `500ms`, `30s`, `5m`, `168h`. A rate is a number per period: `100/second`,
  `20/minute`, `500/10 minutes`, or `off`.
"""

_WORDS: Final[Mapping[object, str]] = {
    Address: "address",
    IPv4Network: "network",
    IPv6Network: "network",
    RateLimitItem: "rate",
    re.Pattern: "regular expression",
    bool: "boolean",
}
"""Names of types that differ from those of the options of plugins."""

_DRIVER: Final = ("storage.driver", "storage.options")
"""Two fields that are one key in the file: the name of the driver, and below it its options."""


def reference() -> str:
    """Returns the page as Markdown."""
    fields = Configuration.model_fields
    top = {name: field for name, field in fields.items() if _below(field) is None and not field.examples}
    sections = {name: field for name, field in fields.items() if name not in top}
    chapters = (_chapter(f"`{name}`", _about(field), {name: field}) for name, field in sections.items())
    return "\n".join((_HEAD, _chapter("Top level", "", top), *chapters))


def _about(field: FieldInfo) -> str:
    section = _below(field)
    if section is None:
        return ""  # the row of this key has the description
    return field.description or (section.__doc__ or "").partition("\n")[0].replace("``", "`")


def _chapter(title: str, about: str, fields: Mapping[str, FieldInfo]) -> str:
    rows = [row for name, field in fields.items() for row in _rows(name, field)]
    example = {name: value for name, field in fields.items() if (value := _example(field)) is not None}
    lines = [f"## {title}", ""]
    if about:
        lines += [about, ""]
    lines += ["| key | type | default | description |", "| --- | --- | --- | --- |", *rows, ""]
    if example:
        dumped = yaml.safe_dump(example, sort_keys=False, width=100, default_flow_style=None)
        lines += ["```yaml", *dumped.splitlines(), "```", ""]
    return "\n".join(lines)


def _rows(place: str, field: FieldInfo) -> Iterator[str]:
    """Yield the rows of a key and of all keys below it."""
    below = _below(field)
    if below is None:
        if place == _DRIVER[0]:
            return
        shown, default = ("storage.<driver>", "required") if place == _DRIVER[1] else (place, _default(field))
        cells = [f"`{shown}`", _type(field.annotation), default, field.description or ""]
        yield f"| {' | '.join(_escaped(cell) for cell in cells)} |"
        return
    prefix = f"{place}[]." if below is not field.annotation and get_origin(_value(field.annotation)) else f"{place}."
    for name, inner in below.model_fields.items():
        yield from _rows(f"{prefix}{name}", inner)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


def _value(annotation: object) -> object:
    """Returns a type without its metadata and without None."""
    if get_origin(annotation) is Annotated:
        return _value(get_args(annotation)[0])
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    return _value(kinds[0]) if len(kinds) == 1 and type(None) in get_args(annotation) else annotation


def _below(field: FieldInfo) -> type[Section] | None:
    """Returns the section in a field: as its value, or as the items of a list."""
    value = _value(field.annotation)
    kinds = (value, *get_args(value))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)


def _type(annotation: object) -> str:
    value = _value(annotation)
    if get_origin(value) is Literal:
        return " | ".join(f"`{one}`" for one in get_args(value))
    known = _WORDS.get(value) or _WORDS.get(get_origin(value))
    if known is not None:
        return known
    arguments = [one for one in get_args(value) if one is not Ellipsis]
    origin = get_origin(value)
    if origin in {list, tuple}:
        return f"list of {_type(arguments[0])}"
    if arguments and origin is not dict:
        return " | ".join(dict.fromkeys(_type(one) for one in arguments))
    return type_text(value)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = _plain(field.get_default(call_default_factory=True))
    if value is None and _value(field.annotation) is RateLimitItem:
        return "`off`"
    if value in (None, "", [], {}):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _plain(value: object) -> object:
    """Returns a value as in YAML; None for a secret."""
    if isinstance(value, RateLimitItem):
        return f"{value.amount}/{value.GRANULARITY.name}"
    if isinstance(value, Address):
        return str(value)
    return None if isinstance(value, SecretStr) else plain(value)


def _example(field: FieldInfo) -> object:
    """Returns the example of a field, or those of the fields below it as a mapping; None if there is none."""
    if field.examples:
        example: object = field.examples[0]
        return example
    below = _below(field)
    if below is None:
        return None
    found = {name: value for name, inner in below.model_fields.items() if (value := _example(inner)) is not None}
    if "driver" in found:
        found = {str(found.pop("driver")): found.pop("options"), **found}
    return found or None


if __name__ == "__main__":
    sys.stdout.write(reference())
