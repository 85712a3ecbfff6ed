"""The environment's say: ``REGISTRY_HTTP_ADDR`` stands for ``http.addr`` (Docker Distribution's rules)."""

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
"""The names that may stand below a path of a configuration, as far as they are known and matter here."""

_HOST: Final = "_SERVICE_HOST"
_OF_SERVICE: Final = re.compile(r"SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?")


class _Unsettable(Exception):  # noqa: N818 - a sentence for a fault, and no error
    pass


def override(raw: dict[str, object], environ: Mapping[str, str], findings: Findings, names: Names) -> None:
    """Put the values of ``REGISTRY_*`` variables into a configuration that was read.

    - An underscore is one level down, and a number an index of a list; an index equal to its length appends.
    - Where ``names`` or the file has a name with underscores of its own, the longest such name is taken.
    - Variables are applied in lexical order, so that a whole section comes before a key of it.
    - A variable that names no key is a warning: other programs, and Kubernetes, make names that begin the same.
    """
    foreign = _of_kubernetes(environ, findings)
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or variable == CONFIGURATION_PATH or variable in foreign:
            continue
        path = variable.removeprefix(_PREFIX).lower().split("_")
        if path == ["version"]:
            findings.warnings.append(f"{variable} is passed over: the version is the file's to say")
        elif path[0] != "storage" and not knows(Configuration, path):
            findings.warnings.append(f"{variable} names no key of the configuration and is passed over")
        else:
            _apply(raw, path, variable, environ[variable], findings, names)


def _of_kubernetes(environ: Mapping[str, str], findings: Findings) -> set[str]:
    """The variables that Kubernetes sets for services whose names begin like keys (a service ``registry-auth``)."""
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
            f"{variable} and {len(found) - 1} more are variables of a Kubernetes service and are passed over; "
            "enableServiceLinks: false in the pod keeps them out"
        )
    return foreign


def _apply(raw: dict[str, object], path: list[str], variable: str, text: str, findings: Findings, names: Names) -> None:
    try:
        value = parse_document(text)
    except DocumentError as error:
        findings.faults.append(f"{variable} {error}; put quotes around what YAML would misread")
        return
    short = raw.get(path[0])
    # storage: s3 and auth: htpasswd are short forms of storage: {s3: {}} and auth: {htpasswd: {}}
    if isinstance(short, str) and path[0] in {"storage", "auth"} and len(path) > 1:
        raw[path[0]] = {short: {}}
    try:
        place = _set(raw, path, value, lambda below: names(raw, below))
    except _Unsettable as error:
        findings.faults.append(f"{variable} {error}")
    else:
        # What was set below it before is no more.
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
    """Set what the path names; the place that was set.

    Raises _Unsettable.
    """
    key: Any  # a mapping of YAML may have a number for a name
    if isinstance(node, list):
        if not path[0].isdigit() or int(path[0]) > len(node):
            raise _Unsettable(f"has {path[0]!r} where the index of a list of {len(node)} must stand")
        key, rest = int(path[0]), path[1:]
        if key == len(node):
            node.append(None)
        below = node[key]
    elif isinstance(node, dict):
        key, rest = _key(path, [*node, *names(above)] if len(path) > 1 else [*node])
        below = node.get(key)
    else:
        raise _Unsettable("goes below a key that holds a single value")
    here = (*above, str(key))
    if not rest:
        node[key] = value
        return ".".join(here)
    if below is None:
        below = [] if rest[0].isdigit() else {}
    node[key] = below
    return _set(below, rest, value, names, here)


def _key(path: list[str], names: Sequence[object]) -> tuple[object, list[str]]:
    """The longest of the names that a path begins with, or its first segment, and the rest of the path."""
    for length in range(len(path), 0, -1):
        joined = "_".join(path[:length])
        for name in names:
            if str(name).lower() == joined:
                return name, path[length:]
    return path[0], path[1:]
