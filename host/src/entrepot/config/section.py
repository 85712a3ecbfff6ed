"""What all sections of the configuration share, and the walk that finds what they do not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict

from entrepot_contract.options import nearest

__all__ = ["Findings", "Known", "Section", "check_section", "knows"]

Known: TypeAlias = "Mapping[str, Known] | Sequence[Known] | None"
"""The keys below a key: a mapping of them, one list item's keys in a list, or None where anything goes."""


class Section(BaseModel):
    """One mapping of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)

    later: ClassVar[Mapping[str, Known]] = {}
    """Keys that Docker Distribution knows and entrepot does not honour yet."""

    refused: ClassVar[Mapping[str, str]] = {}
    """Keys of the same kind that would leave the registry open if they were passed over, and what to do instead."""


@dataclass(slots=True)
class Findings:
    """What is wrong with a configuration, and what is only worth knowing; sentences without values."""

    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def _section_of(section: type[Section], name: str) -> type[Section] | None:
    annotation = section.model_fields[name].annotation
    kinds = [annotation, *get_args(annotation)]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)


def names_of(section: type[Section]) -> list[str]:
    """Every key that a section may hold."""
    return [*section.model_fields, *section.later, *section.refused]


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
        elif name in section.later:
            findings.warnings.append(f"{place} is not honoured yet: entrepot behaves as if it were not there")
            _check_known(section.later[name], value, findings, place)
        elif name in section.refused:
            findings.faults.append(f"{place} is not honoured yet: {section.refused[name]}")
        else:
            findings.faults.append(f"{place} is no key{nearest(str(name), names_of(section))}")
    return kept


def _check_known(known: Known, value: object, findings: Findings, path: str) -> None:
    if isinstance(known, Mapping) and isinstance(value, Mapping):
        for name, below in value.items():
            if name in known:
                _check_known(known[name], below, findings, f"{path}.{name}")
            else:
                findings.faults.append(f"{path}.{name} is no key{nearest(str(name), list(known))}")
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
