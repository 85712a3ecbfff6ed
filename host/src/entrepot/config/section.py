"""The base of all sections of the configuration, and the check for unknown keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias, get_args

from pydantic import ConfigDict

from entrepot_contract.options import nearest
from entrepot_contract.toolkit.scalars import ScalarsAsText

__all__ = ["Findings", "Known", "Section", "check_section", "keys_at", "knows", "names_of", "set_by"]

Known: TypeAlias = "Mapping[str, Known] | Sequence[Known] | None"
"""The keys below a key: a mapping of them, a list with the keys of one list item, or None if anything is allowed."""


class Section(ScalarsAsText):
    """One mapping of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    later: ClassVar[Mapping[str, Known]] = {}
    """Keys that Docker Distribution supports and entrepot does not support yet."""

    refused: ClassVar[Mapping[str, str]] = {}
    """Unsupported keys that must not be ignored, because that would do harm, and what to do instead."""


@dataclass(slots=True)
class Findings:
    """Faults of a configuration, and warnings; messages without values.

    ``variables`` has the environment variable that set a key, by the key's dotted path.
    """

    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def fault(self, place: str, message: str, *, missing: bool = False) -> None:
        """Add a fault at a path, with the variables that set it, or that set its siblings if it is missing."""
        above = place.rpartition(".")[0] if missing else place
        self.faults.append(f"{place} {message}{set_by(self.variables, above) if above else ''}")


def set_by(variables: Mapping[str, str], *places: str) -> str:
    """Returns a suffix that names the environment variables that set some paths; empty if none did."""
    found = set[str]()
    for place in places:
        at = {variable for key, variable in variables.items() if f"{key}.".startswith(f"{place}.")}
        above = [key for key in variables if f"{place}.".startswith(f"{key}.")]
        found |= at or {variables[key] for key in sorted(above, key=len)[-1:]}
    return f" (set by {' and '.join(sorted(found))})" if found else ""


def _section_of(section: type[Section], name: str) -> type[Section] | None:
    annotation = section.model_fields[name].annotation
    kinds = [annotation, *get_args(annotation)]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)


def names_of(section: type[Section]) -> list[str]:
    """Returns all keys that a section may have."""
    return [*section.model_fields, *section.later, *section.refused]


def keys_at(section: type[Section], path: Sequence[str]) -> list[str]:
    """Returns the keys of the section at a path below another; empty if there is no section."""
    below: type[Section] | None = section
    for name in path:
        if below is None or (name not in below.model_fields and not name.isdigit()):
            return []
        below = below if name.isdigit() else _section_of(below, name)
    return [] if below is None else list(below.model_fields)


def check_section(
    section: type[Section], raw: Mapping[str, object], findings: Findings, path: str = ""
) -> dict[str, object]:
    """Returns the part of a section that can be validated: without empty keys, and without those reported here."""
    kept: dict[str, object] = {}
    for name, value in raw.items():
        place = f"{path}.{name}" if path else str(name)
        if name in section.model_fields:
            below = _section_of(section, name)
            if below is not None and isinstance(value, Mapping):
                kept[name] = check_section(below, value, findings, place)
            elif value is not None:
                kept[name] = value
        elif name in section.refused:
            if _has_values(value):
                findings.fault(place, f"is not supported yet: {section.refused[name]}")
        elif name in section.later:
            findings.warnings.append(f"{place} is not supported yet and is ignored")
            _check_known(section.later[name], value, findings, place)
        else:
            findings.fault(place, f"is not a known key{nearest(str(name), names_of(section))}")
    return kept


def _has_values(value: object) -> bool:
    """Returns whether anything is configured; templates write sections whose values are all empty."""
    if isinstance(value, Mapping):
        return any(_has_values(below) for below in value.values())
    return bool(value)


def _check_known(known: Known, value: object, findings: Findings, path: str) -> None:
    if isinstance(known, Mapping) and isinstance(value, Mapping):
        for name, below in value.items():
            if name in known:
                _check_known(known[name], below, findings, f"{path}.{name}")
            else:
                findings.fault(f"{path}.{name}", f"is not a known key{nearest(str(name), list(known))}")
    elif isinstance(known, Sequence) and isinstance(value, list):
        for index, item in enumerate(value):
            _check_known(known[0], item, findings, f"{path}.{index}")


def knows(section: type[Section], path: Sequence[str]) -> bool:
    """Returns whether a section, or one below it, has a key at the path."""
    if not path:
        return True
    name = path[0]
    if name in section.model_fields:
        below = _section_of(section, name)
        rest = path[2:] if path[1:] and path[1].isdigit() else path[1:]
        return below is None or knows(below, rest)
    if section.model_config.get("extra") == "allow":  # the keys of a plugin
        return True
    return name in section.refused or (name in section.later and _known_holds(section.later[name], path[1:]))


def _known_holds(known: Known, path: Sequence[str]) -> bool:
    if known is None or not path:
        return True
    if isinstance(known, Mapping):
        return path[0] in known and _known_holds(known[path[0]], path[1:])
    return path[0].isdigit() and _known_holds(known[0], path[1:])
