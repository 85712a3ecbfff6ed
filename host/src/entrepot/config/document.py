"""Parsing of YAML by the rules of Docker Distribution's configuration."""

from __future__ import annotations

import re
from typing import Final

import yaml

__all__ = ["DocumentError", "parse_document"]


class DocumentError(Exception):
    """The text is not valid YAML, or has a duplicate key."""


class _Loader(yaml.SafeLoader):
    """A loader that resolves only null, booleans, integers and merges; every other scalar stays a string.

    Go decodes a scalar into the type of its field. To read ``secret: 0123`` or ``version: 0.1`` as the text it is,
    anything that could be text must stay text here; pydantic converts it to numbers and booleans where a field needs
    them.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, object]]] = {}  # noqa: RUF012 - a class attribute of PyYAML

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen = set[str]()
        for key, _ in node.value:
            if key.value in seen and key.tag != _MERGE:
                raise yaml.constructor.ConstructorError(None, None, "duplicate key", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_MERGE: Final = "tag:yaml.org,2002:merge"


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), [*first, ""])


_resolve("null", r"^(?:~|null|Null|NULL|)$", "~nN")
_resolve("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")
_resolve("int", r"^(?:0|-?[1-9][0-9]*)$", "-0123456789")
_resolve("merge", r"^<<$", "<")


_QUOTED: Final = re.compile(r" '([^']*)'")


def _syntax_only(quoted: re.Match[str]) -> str:
    """Returns PyYAML's quotation if it is YAML syntax, like ``','`` or ``'<block end>'``; empty if it may be data."""
    return quoted[0] if re.fullmatch(r"<[a-z ]+>|\\t|[^\w]", quoted[1]) else ""


def parse_document(text: str) -> object:
    """Returns the values of a YAML text.

    Raises DocumentError with line and column, but without any of the text, which may hold secrets.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - the loader is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        problem = _QUOTED.sub(_syntax_only, str(getattr(error, "problem", None) or "unreadable"))
        # Not chained: the cause prints the line, which may contain a secret.
        raise DocumentError(f"is not valid YAML{where}: {problem}") from None
