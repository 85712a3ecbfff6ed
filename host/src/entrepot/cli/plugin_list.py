"""Plugins as lines for a terminal: a table, and under each row what the plugin can do and takes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

from entrepot.plugins import Plugin
from entrepot.plugins.options import Option

__all__ = ["listing"]

_HEADER = ("KIND", "NAME", "PACKAGE", "VERSION", "CONTRACT", "STATUS")
_INDENT = 4


def listing(found: Sequence[Plugin], width: int) -> str:
    """One row for each plugin, and its details wrapped to a width in columns."""
    rows = [_HEADER, *(_row(one) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER) - 1)]
    lines = ["  ".join([*map(str.ljust, row[:-1], widths), row[-1]]) for row in rows]
    return "\n".join(
        [lines[0], *(line for one, row in zip(found, lines[1:], strict=True) for line in (row, *_under(one, width)))]
    )


def _row(one: Plugin) -> tuple[str, ...]:
    return one.kind, one.name, one.package, one.version, one.contract, "ok" if one.error is None else "unusable"


def _under(one: Plugin, width: int) -> Iterator[str]:
    if one.error is not None:
        yield from _wrapped("error", one.error, width)
        return
    if one.kind == "storage":
        yield from _wrapped("capabilities", _capabilities(one.capabilities), width)
    if one.options:
        yield from _wrapped("options", "; ".join(map(_option, one.options)), width)


def _wrapped(title: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        f"{title}: {text}",
        width,
        initial_indent=" " * _INDENT,
        subsequent_indent=" " * 2 * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _capabilities(told: dict[str, object] | None) -> str:
    if told is None:
        return "its options or its backend decide"
    return ", ".join(f"{name} {_value(value)}" for name, value in told.items() if value is not None and value != [])


def _option(option: Option) -> str:
    if option.required:
        return f"{option.name}: {option.type}, required"
    if option.secret or option.default is None:
        return f"{option.name}: {option.type}"
    return f"{option.name}: {option.type} = {_value(option.default)}"


def _value(value: object) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)
