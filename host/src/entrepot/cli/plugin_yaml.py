"""The options of a plugin as YAML that can be pasted into a configuration file."""

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
    """Returns the plugin's section of the configuration, with the default of each option.

    Options without a default to show are commented out: secrets, options whose default is None, and optional ones
    inside a required mapping. A required option has an empty value.
    """
    head = f"The {plugin.kind} plugin {plugin.name} of {plugin.package} {plugin.version}"
    head += f", contract {plugin.contract}." if plugin.contract else "."
    lines = [*_comment(head, ""), *_about(plugin.about), *_place(plugin)]
    return "\n".join(lines) + "\n"


def _about(text: str) -> Iterator[str]:
    """Yield paragraphs and lists as rewrapped comments."""
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
        yield from _comment("The sink and its options.", _STEP * 3)
        yield f"{_STEP * 3}sink: {name}"
        yield from _options(options, _STEP * 3)
    elif plugin.kind == "server":
        yield "http:"
        yield f"{_STEP}server:{'' if options else f' {name}'}"
        if options:
            yield f"{_STEP * 2}{name}:"
            yield from _options(options, _STEP * 3)
    else:
        yield "# There is nothing to configure: hooks are called if their package is installed."


def _options(options: tuple[Option, ...], indent: str, *, optional_out: bool = False) -> Iterator[str]:
    """Yield options at an indentation; ``optional_out`` comments out everything that is not required."""
    for option in options:
        if option.description:
            yield from _comment(option.description, indent)
        if option.required:
            yield from _noted(f"{_key(option.name)}:", f"{option.type}, required", indent)
            yield from _options(option.options, indent + _STEP, optional_out=True)
        elif option.secret or option.default is None:
            yield from _noted(f"{_OUT}{_key(option.name)}:", option.type, indent)
            yield from _below(option, indent)
        else:
            out = _OUT if optional_out else ""
            first, *rest = _dumped(option)
            yield from _noted(out + first, option.type, indent)
            yield from (f"{indent}{out}{line}" for line in rest)
            if not option.default:
                yield from _below(option, indent)


def _below(option: Option, indent: str) -> Iterator[str]:
    """Yield the nested options of an option without a value, commented out."""
    if option.options and option.of_many:
        yield from _comment("Options of each entry:", indent)
    yield from (f"{indent}{_OUT}{line}" for line in _options(option.options, _STEP, optional_out=True))


def _noted(line: str, note: str, indent: str) -> Iterator[str]:
    """Yield a line with a trailing comment, or with the comment before it if the line would be too long."""
    full = f"{indent}{line}  # {note}"
    if len(full) > _WIDTH:
        yield from _comment(note, indent)
        full = f"{indent}{line}"
    yield full


def _dumped(option: Option) -> list[str]:
    # A plain multi-line string would continue after the comment, so quote it on one line.
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
