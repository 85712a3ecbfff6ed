"""The options of a plugin as YAML that can be pasted into the configuration."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Final

import yaml

from entrepot.plugins import Plugin
from entrepot.plugins.options import Option

__all__ = ["as_yaml"]

_WIDTH: Final = 80
_STEP: Final = "  "
_OUT: Final = "# "


def as_yaml(plugin: Plugin) -> str:
    """The plugin's place in the configuration, and there each option with its default.

    What has no default to show is commented out: secrets, what is None, and what is not required in a mapping that is.
    A required option has no value.
    """
    head = f"The {plugin.kind} plugin {plugin.name} of {plugin.package} {plugin.version}"
    head += f", contract {plugin.contract}." if plugin.contract else "."
    lines = [*_comment(head, ""), *_about(plugin.about), *_place(plugin)]
    return "\n".join(lines) + "\n"


def _about(text: str) -> Iterator[str]:
    """Paragraphs and lists as comments, wrapped anew."""
    for paragraph in re.split(r"\n(?=- )|\n\s*\n", text) if text else []:
        yield from _comment(" ".join(paragraph.split()), "", hang=_STEP if paragraph.startswith("- ") else "")


def _place(plugin: Plugin) -> Iterator[str]:
    options = plugin.options
    name = _key(plugin.name)
    if plugin.kind in {"storage", "auth"}:
        yield f"{plugin.kind}:"
        yield f"{_STEP}{name}:{'' if options else ' {}'}"
        yield from _options(options, _STEP * 2)
    elif plugin.kind == "notify":
        yield "notifications:"
        yield f"{_STEP}endpoints:"
        yield f"{_STEP * 2}- name: {name}"
        yield from _comment("The sink, and what it takes.", _STEP * 3)
        yield f"{_STEP * 3}sink: {name}"
        yield from _options(options, _STEP * 3)
    elif plugin.kind == "server":
        yield "http:"
        yield f"{_STEP}server: {name}"
    else:
        yield "# There is nothing to configure: hooks are called where their package is installed."


def _options(options: tuple[Option, ...], indent: str, *, sparing: bool = False) -> Iterator[str]:
    """Options at an indentation; ``sparing`` comments out whatever need not be there."""
    for option in options:
        if option.description:
            yield from _comment(option.description, indent)
        if option.required:
            yield from _noted(f"{_key(option.name)}:", f"{option.type}, required", indent)
            yield from _options(option.options, indent + _STEP, sparing=True)
        elif option.secret or option.default is None:
            yield from _noted(f"{_OUT}{_key(option.name)}:", option.type, indent)
            yield from _below(option, indent)
        else:
            out = _OUT if sparing else ""
            first, *rest = _dumped(option)
            yield from _noted(out + first, option.type, indent)
            yield from (f"{indent}{out}{line}" for line in rest)
            if not option.default:
                yield from _below(option, indent)


def _below(option: Option, indent: str) -> Iterator[str]:
    """The options below one that has no value, commented out."""
    if option.options and option.of_many:
        yield from _comment("Each of them takes:", indent)
    yield from (f"{indent}{_OUT}{line}" for line in _options(option.options, _STEP, sparing=True))


def _noted(line: str, note: str, indent: str) -> Iterator[str]:
    """A line with a note behind it, or before it where there is no room."""
    whole = f"{indent}{line}  # {note}"
    if len(whole) > _WIDTH:
        yield from _comment(note, indent)
        whole = f"{indent}{line}"
    yield whole


def _dumped(option: Option) -> list[str]:
    # A text of several lines would go on over the note, and is quoted on one.
    style = '"' if isinstance(option.default, str) and "\n" in option.default else None
    value = {option.name: option.default}
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000, default_style=style).splitlines()


def _key(name: str) -> str:
    return yaml.safe_dump({name: None}, allow_unicode=True).rpartition(":")[0]


def _comment(text: str, indent: str, *, hang: str = "") -> list[str]:
    start = f"{indent}# "
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=start + hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
