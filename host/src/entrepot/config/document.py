"""Reading YAML the way Docker Distribution's configuration needs it."""

from __future__ import annotations

import re
from typing import Final

import yaml

__all__ = ["DocumentError", "parse_document"]


class DocumentError(Exception):
    """The text is no YAML, or says one thing twice."""


class _Loader(yaml.SafeLoader):
    """Only null, true, false, whole numbers and merges are more than text.

    Go decodes a scalar into the type of its field. To read ``secret: 0123`` or ``version: 0.1`` as the text that it is,
    what could be text must stay text here; pydantic then makes numbers and booleans of it where a field asks for them.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, object]]] = {}  # noqa: RUF012 - a class attribute of PyYAML

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen = set[str]()
        for key, _ in node.value:
            if key.value in seen and key.tag != _MERGE:
                raise yaml.constructor.ConstructorError(None, None, "the same key twice", key.start_mark)
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


def _harmless(quoted: re.Match[str]) -> str:
    """What PyYAML quotes where it is a mark of YAML, like ``','`` or ``'<block end>'``, and not what may be a value."""
    return quoted[0] if re.fullmatch(r"<[a-z ]+>|\\t|[^\w]", quoted[1]) else ""


def parse_document(text: str) -> object:
    """The values of a YAML text.

    Raises DocumentError with the line and column, and with nothing of the text, which may hold secrets.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - the loader is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        problem = _QUOTED.sub(_harmless, str(getattr(error, "problem", None) or "unreadable"))
        # Not chained: the cause prints the line, and with it what the line may hold of a secret.
        raise DocumentError(f"is no valid YAML{where}: {problem}") from None
