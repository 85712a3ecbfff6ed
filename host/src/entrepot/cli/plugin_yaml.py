"""The options of a plugin as YAML that can be pasted into the configuration."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

import yaml

from entrepot.plugins import Plugin
from entrepot.plugins.options import Option

__all__ = ["as_yaml"]

_WIDTH: Final = 100
_STEP: Final = "  "
_OUT: Final = "# "


def as_yaml(plugin: Plugin) -> str:
    """The plugin's place in the configuration, and there each option with its default.

    What has no default to show is commented out: secrets, what is None, and what is not required in a mapping that is.
    A required option has no value.
    """
    head = f"The {plugin.kind} plugin {plugin.name} of {plugin.package} {plugin.version}"
    head += f", contract {plugin.contract}." if plugin.contract else "."
    lines = [*_comment(head, ""), *(line for text in plugin.about.splitlines() for line in _comment(text, ""))]
    lines += _place(plugin)
    return "\n".join(lines) + "\n"


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
        kind = f"{option.type}{', required' if option.required else ''}"
        yield from _comment(f"{option.description} ({kind})".strip(), indent)
        if option.required:
            yield f"{indent}{_key(option.name)}:  # required"
            yield from _options(option.options, indent + _STEP, sparing=True)
        elif option.secret or option.default is None:
            yield f"{indent}{_OUT}{_key(option.name)}:"
            yield from (f"{indent}{_OUT}{line}" for line in _options(option.options, _STEP, sparing=True))
        else:
            dumped = yaml.safe_dump({option.name: option.default}, sort_keys=False, allow_unicode=True, width=1000)
            yield from (f"{indent}{_OUT if sparing else ''}{line}" for line in dumped.splitlines())


def _key(name: str) -> str:
    return yaml.safe_dump({name: None}, allow_unicode=True).rpartition(":")[0]


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ") or [f"{indent}#"]
