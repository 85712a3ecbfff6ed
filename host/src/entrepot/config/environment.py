"""The environment's say: ``REGISTRY_HTTP_ADDR`` stands for ``http.addr`` (Docker Distribution's rules)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from entrepot.config.document import DocumentError, parse_document
from entrepot.config.model import Configuration
from entrepot.config.section import Findings, knows

__all__ = ["CONFIGURATION_PATH", "override"]

_PREFIX: Final = "REGISTRY_"
CONFIGURATION_PATH: Final = "REGISTRY_CONFIGURATION_PATH"


def override(raw: dict[str, object], environ: Mapping[str, str], findings: Findings) -> None:
    """Put the values of ``REGISTRY_*`` variables into a configuration that was read.

    - An underscore is one level down, and a number an index of a list; an index equal to its length appends.
    - Variables are applied in lexical order, so that a whole section comes before a key of it.
    - A variable that names no key is a warning: other programs, and Kubernetes, make names that begin the same.
    - Where a driver's option has an underscore in its own name, the variable overrides it only if the file has it.
    """
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or variable == CONFIGURATION_PATH:
            continue
        path = variable.removeprefix(_PREFIX).lower().split("_")
        if path == ["version"]:
            findings.warnings.append(f"{variable} is passed over: the version is the file's to say")
        elif path[0] != "storage" and not knows(Configuration, path):
            findings.warnings.append(f"{variable} names no key of the configuration and is passed over")
        else:
            _apply(raw, path, variable, environ[variable], findings)


def _apply(raw: dict[str, object], path: list[str], variable: str, text: str, findings: Findings) -> None:
    try:
        value = parse_document(text)
    except DocumentError as error:
        findings.faults.append(f"{variable} {error}; put quotes around what YAML would misread")
        return
    # storage: s3 is a short form of storage: {s3: {}}
    if isinstance(raw.get("storage"), str) and path[0] == "storage" and len(path) > 1:
        raw["storage"] = {str(raw["storage"]): {}}
    fault = _set(raw, path, value)
    if fault:
        findings.faults.append(f"{variable} {fault}")


def _set(node: object, path: list[str], value: object) -> str | None:
    """Set what the path names, or say why it cannot be set."""
    if isinstance(node, list):
        if not path[0].isdigit() or int(path[0]) > len(node):
            return f"has {path[0]!r} where the index of a list of {len(node)} must stand"
        index = int(path[0])
        if index == len(node):
            node.append(None)
        if len(path) == 1:
            node[index] = value
            return None
        node[index] = _branch(node[index], path[1])
        return _set(node[index], path[1:], value)
    if not isinstance(node, dict):
        return "goes below a key that holds a single value"
    whole = "_".join(path)
    key = next((key for key in node if str(key).lower() in {path[0], whole}), path[0])
    if len(path) == 1 or str(key).lower() == whole:
        node[key] = value
        return None
    node[key] = _branch(node.get(key), path[1])
    return _set(node[key], path[1:], value)


def _branch(node: object, below: str) -> object:
    if node is None:
        return [] if below.isdigit() else {}
    return node
