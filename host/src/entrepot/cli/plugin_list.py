"""Plugins as lines for a terminal: a table, and under each row what the plugin can do and takes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

from entrepot.plugins import Plugin
from entrepot.plugins.options import Option

__all__ = ["listing"]

_HEADER = ("KIND", "NAME", "PACKAGE", "VERSION", "CONTRACT", "STATUS")
_INDENT = " " * 4
_HINT = "What each option is for: entrepot plugins show NAME"


def listing(found: Sequence[Plugin], width: int) -> str:
    """One row for each plugin, and its details wrapped to a width in columns."""
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
    """The details of a plugin; options that another name of its package takes too are told once."""
    if one.error is not None:
        yield from _wrapped("error: ", one.error, width)
        return
    if one.kind in {"storage", "server"}:
        yield from _wrapped("capabilities: ", _capabilities(one.capabilities), width)
    if not one.options:
        return
    first = next(other.name for other in found if (other.package, other.options) == (one.package, one.options))
    if first != one.name:
        yield from _wrapped("options: ", f"those of {first}", width)
        return
    yield f"{_INDENT}options:"
    lines = list(_named(one.options))
    longest = max(len(name) for name, _ in lines)
    for name, told_of in lines:
        yield from _wrapped(f"{_INDENT}{name:{longest}}  ", told_of, width)


def _named(options: tuple[Option, ...], above: str = "") -> Iterator[tuple[str, str]]:
    """Options with what they take, each followed by those below it."""
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


def _capabilities(told: dict[str, object] | None) -> str:
    if told is None:
        return "known once its options are set, as they or its backend decide"
    return ", ".join(f"{name} {_value(value)}" for name, value in told.items() if value is not None and value != [])


def _taken(option: Option) -> str:
    if option.required:
        return f"{option.type}, required"
    if option.secret or option.default is None:
        return option.type
    return f"{option.type} = {_value(option.default)}"


def _value(value: object) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)
