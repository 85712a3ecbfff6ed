"""Overrides by environment variables: ``REGISTRY_HTTP_ADDR`` sets ``http.addr`` (Docker Distribution's rules)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from entrepot.config.document import DocumentError, parse_document
from entrepot.config.model import Configuration
from entrepot.config.section import Findings, knows

__all__ = ["CONFIGURATION_PATH", "Names", "override"]

_PREFIX: Final = "REGISTRY_"
CONFIGURATION_PATH: Final = "REGISTRY_CONFIGURATION_PATH"

Names = Callable[[Mapping[str, object], tuple[str, ...]], Sequence[str]]
"""Returns the known names that may be used below a path of a configuration, if they matter here."""

_SHORT: Final = (("storage",), ("auth",), ("http", "server"))
"""Keys with a short form: ``storage: s3`` for ``storage: {s3: {}}``."""

_HOST: Final = "_SERVICE_HOST"
_OF_SERVICE: Final = re.compile(r"SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?")


class _Unsettable(Exception):  # noqa: N818 - carries the text of a fault, not an error
    pass


def override(raw: dict[str, object], environ: Mapping[str, str], findings: Findings, names: Names) -> None:
    """Apply the values of ``REGISTRY_*`` environment variables to a parsed configuration.

    - An underscore separates levels, and a number is an index of a list; an index equal to its length appends.
    - If ``names`` or the file has a name that itself contains underscores, the longest such name is used.
    - Variables are applied in lexical order, so that a section is set before its keys.
    - A variable that matches no key causes a warning: other programs and Kubernetes set names with the same prefix.
    """
    foreign = _of_kubernetes(environ, findings)
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or variable == CONFIGURATION_PATH or variable in foreign:
            continue
        path = variable.removeprefix(_PREFIX).lower().split("_")
        if path == ["version"]:
            findings.warnings.append(f"{variable} is ignored: version can only be set in the file")
        elif path[0] != "storage" and not knows(Configuration, path):
            findings.warnings.append(f"{variable} does not match a configuration key and is ignored")
        else:
            _apply(raw, path, variable, environ[variable], findings, names)


def _of_kubernetes(environ: Mapping[str, str], findings: Findings) -> set[str]:
    """Returns the variables that Kubernetes sets for services with names like ``registry-auth``."""
    foreign = set[str]()
    for variable in sorted(environ):
        service = variable.removesuffix(_HOST)
        port = environ.get(f"{service}_PORT", "")
        if service == variable or not f"{service}_".startswith(_PREFIX) or "://" not in port:
            continue
        begin = f"{service}_"
        found = {one for one in environ if one.startswith(begin) and _OF_SERVICE.fullmatch(one, len(begin))}
        foreign |= found
        findings.warnings.append(
            f"{variable} and {len(found) - 1} more are variables of a Kubernetes service and are ignored; "
            "set enableServiceLinks: false in the pod to avoid them"
        )
    return foreign


def _apply(raw: dict[str, object], path: list[str], variable: str, text: str, findings: Findings, names: Names) -> None:
    try:
        value = parse_document(text)
    except DocumentError as error:
        findings.faults.append(f"{variable} {error}; quote values that YAML would misread")
        return
    try:
        place = _set(raw, path, value, lambda below: names(raw, below))
    except _Unsettable as error:
        findings.faults.append(f"{variable} {error}")
    else:
        # The new value replaces everything that was set below it before.
        for key in [key for key in findings.variables if key.startswith(f"{place}.")]:
            del findings.variables[key]
        findings.variables[place] = variable


def _set(
    node: object,
    path: list[str],
    value: object,
    names: Callable[[tuple[str, ...]], Sequence[str]],
    above: tuple[str, ...] = (),
) -> str:
    """Set the value at a path; returns the path that was set, with dots.

    Raises _Unsettable.
    """
    key: Any  # a YAML mapping may have numbers as keys
    if isinstance(node, list):
        if not path[0].isdigit() or int(path[0]) > len(node):
            raise _Unsettable(f"has {path[0]!r} instead of an index of a list of {len(node)}")
        key, rest = int(path[0]), path[1:]
        if key == len(node):
            node.append(None)
        below = node[key]
    elif isinstance(node, dict):
        key, rest = _key(path, [*node, *names(above)] if len(path) > 1 else [*node])
        below = node.get(key)
    else:
        raise _Unsettable("addresses a key below a single value")
    here = (*above, str(key))
    if not rest:
        node[key] = value
        return ".".join(here)
    if below is None:
        below = [] if rest[0].isdigit() else {}
    elif isinstance(below, str) and here in _SHORT:
        below = {below: {}}
    node[key] = below
    return _set(below, rest, value, names, here)


def _key(path: list[str], names: Sequence[object]) -> tuple[object, list[str]]:
    """Returns the longest of the names that a path begins with, or its first segment, and the rest of the path."""
    for length in range(len(path), 0, -1):
        joined = "_".join(path[:length])
        for name in names:
            if str(name).lower() == joined:
                return name, path[length:]
    return path[0], path[1:]
