"""What all sections of the configuration share, and the walk that finds what they do not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias, get_args

from pydantic import ConfigDict

from entrepot_contract.options import nearest
from entrepot_contract.scalars import ScalarsAsText

__all__ = ["Findings", "Known", "Section", "check_section", "keys_at", "knows", "names_of", "set_by"]

Known: TypeAlias = "Mapping[str, Known] | Sequence[Known] | None"
"""The keys below a key: a mapping of them, one list item's keys in a list, or None where anything goes."""


class Section(ScalarsAsText):
    """One mapping of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    later: ClassVar[Mapping[str, Known]] = {}
    """Keys that Docker Distribution knows and entrepot does not honour yet."""

    refused: ClassVar[Mapping[str, str]] = {}
    """Keys of the same kind that would do harm if they were passed over, and what to do instead."""


@dataclass(slots=True)
class Findings:
    """What is wrong with a configuration, and what is only worth knowing; sentences without values.

    ``variables`` has the variable of the environment that has set a key, by the key's path with dots.
    """

    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def fault(self, place: str, message: str, *, missing: bool = False) -> None:
        """Add what is wrong at a place, with the variables that have set it, or its neighbours where it is missing."""
        above = place.rpartition(".")[0] if missing else place
        self.faults.append(f"{place} {message}{set_by(self.variables, above) if above else ''}")


def set_by(variables: Mapping[str, str], *places: str) -> str:
    """The end of a sentence about places of the configuration that variables have set; empty where none has."""
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
    """Every key that a section may hold."""
    return [*section.model_fields, *section.later, *section.refused]


def keys_at(section: type[Section], path: Sequence[str]) -> list[str]:
    """The keys of the section at a path below another; none where it is no section's."""
    below: type[Section] | None = section
    for name in path:
        if below is None or (name not in below.model_fields and not name.isdigit()):
            return []
        below = below if name.isdigit() else _section_of(below, name)
    return [] if below is None else list(below.model_fields)


def check_section(
    section: type[Section], raw: Mapping[str, object], findings: Findings, path: str = ""
) -> dict[str, object]:
    """What a section may be validated from: without empty keys, and without those that are reported here."""
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
            if _says_something(value):
                findings.fault(place, f"is not honoured yet: {section.refused[name]}")
        elif name in section.later:
            findings.warnings.append(f"{place} is not honoured yet: entrepot behaves as if it were not there")
            _check_known(section.later[name], value, findings, place)
        else:
            findings.fault(place, f"is no key{nearest(str(name), names_of(section))}")
    return kept


def _says_something(value: object) -> bool:
    """Whether anything is configured; templates write sections whose values are all empty."""
    if isinstance(value, Mapping):
        return any(_says_something(below) for below in value.values())
    return bool(value)


def _check_known(known: Known, value: object, findings: Findings, path: str) -> None:
    if isinstance(known, Mapping) and isinstance(value, Mapping):
        for name, below in value.items():
            if name in known:
                _check_known(known[name], below, findings, f"{path}.{name}")
            else:
                findings.fault(f"{path}.{name}", f"is no key{nearest(str(name), list(known))}")
    elif isinstance(known, Sequence) and isinstance(value, list):
        for index, item in enumerate(value):
            _check_known(known[0], item, findings, f"{path}.{index}")


def knows(section: type[Section], path: Sequence[str]) -> bool:
    """Whether a section, or one below it, has a key at the path."""
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
