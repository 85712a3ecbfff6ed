"""Formatting of the plugin list for a terminal: a table with capabilities and options below each row."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

from entrepot.plugins import Plugin
from entrepot.plugins.options import Option

__all__ = ["listing"]

_HEADER = ("KIND", "NAME", "PACKAGE", "VERSION", "CONTRACT", "STATUS")
_INDENT = " " * 4
_HINT = "For a description of each option: entrepot plugins show NAME"


def listing(found: Sequence[Plugin], width: int) -> str:
    """Returns one row per plugin, followed by its details wrapped to ``width`` columns."""
    rows = [_HEADER, *(_row(one) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER) - 1)]
    lines = ["  ".join([*map(str.ljust, row[:-1], widths), row[-1]]) for row in rows]
    details = (_under(one, found, width) for one in found)
    below = ["", _HINT] if any(one.options for one in found) else []
    return "\n".join(
        [lines[0], *(line for row, under in zip(lines[1:], details, strict=True) for line in (row, *under)), *below]
    )


def _row(one: Plugin) -> tuple[str, ...]:
    return one.kind, one.name, one.package, one.version, one.contract, "ok" if one.error is None else "unusable"


def _under(one: Plugin, found: Sequence[Plugin], width: int) -> Iterator[str]:
    """Yield the details of a plugin; options shared by several names of a package are listed once."""
    if one.error is not None:
        yield from _wrapped("error: ", one.error, width)
        return
    if one.kind in {"storage", "server"}:
        yield from _wrapped("capabilities: ", _capabilities(one.capabilities), width)
    if not one.options:
        return
    first = next(other.name for other in found if (other.package, other.options) == (one.package, one.options))
    if first != one.name:
        yield from _wrapped("options: ", f"same as {first}", width)
        return
    yield f"{_INDENT}options:"
    lines = list(_named(one.options))
    longest = max(len(name) for name, _ in lines)
    for name, description in lines:
        yield from _wrapped(f"{_INDENT}{name:{longest}}  ", description, width)


def _named(options: tuple[Option, ...], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the names and types of options, each followed by its nested options."""
    for option in options:
        name = f"{above}{option.name}"
        yield name, _taken(option)
        yield from _named(option.options, f"{name}.*." if option.of_many else f"{name}.")


def _wrapped(title: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=_INDENT + title,
        subsequent_indent=_INDENT + " " * min(len(title), width // 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _capabilities(capabilities: dict[str, object] | None) -> str:
    if capabilities is None:
        return "depend on the options or the backend"
    return ", ".join(
        f"{name} {_value(value)}" for name, value in capabilities.items() if value is not None and value != []
    )


def _taken(option: Option) -> str:
    if option.required:
        return f"{option.type}, required"
    if option.secret or option.default is None:
        return option.type
    return f"{option.type} = {_value(option.default)}"


def _value(value: object) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)
