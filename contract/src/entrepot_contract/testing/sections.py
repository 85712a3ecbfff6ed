"""What the file of the command has to say of plugins that need more than options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["HELP", "SECTIONS", "Part", "Section", "UsageError", "check_section"]


class UsageError(Exception):
    """The command cannot run as it was given; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what it is, how it is told, and whether it has to be there."""

    text: str
    valid: Callable[[object], bool]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Every part that the file has for one kind of plugin."""

    noun: str
    parts: Mapping[str, Part]

    @property
    def required(self) -> list[str]:
        """The parts that have to be there."""
        return [name for name, part in self.parts.items() if part.required]


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_list_of(valid: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(valid, value))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_command(value: object) -> bool:
    return bool(value) and _is_list_of(_is_text)(value)


def _is_known(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"authorization", "user"}


def _is_pair(value: object) -> bool:
    return _is_list_of(_is_text)(value) and isinstance(value, Sequence) and len(value) == 2


SECTIONS: Final[Mapping[str, Section]] = {
    "auth": Section(
        "authenticator",
        {
            "options": Part("an object", _is_object, required=True),
            "accepted": Part("a list of objects with authorization and user", _is_list_of(_is_known)),
            "refused": Part("a list of values of the Authorization header", _is_list_of(_is_text), required=True),
            "timing": Part("a list of pairs of values of the Authorization header", _is_list_of(_is_pair)),
        },
    ),
    "notify": Section(
        "sink",
        {
            "options": Part("an object", _is_object, required=True),
            "received": Part("a command, as a list of its words", _is_command, required=True),
            "unreachable": Part("an object", _is_object, required=True),
            "hanging": Part("an object", _is_object),
            "failing": Part("an object", _is_object),
            "rejecting": Part("an object", _is_object),
            "mend": Part("a command, as a list of its words", _is_command),
        },
    ),
}
"""By kind; where a kind is not there, the file holds the options alone."""

HELP: Final = """\
For an authenticator it holds an object with its "options", the credentials that are "accepted" (a list of objects
with "authorization" and "user"), those that are "refused" (a list of values of the Authorization header), and where
wanted "timing" (a list of pairs of such values: a wrong one of a known user, and one of an unknown user). For a sink
it holds an object with its "options" for a place that works, "received" (a command, as a list of its words, that
prints the ids of all events which have arrived, in order, one in a line), the options of a place that is
"unreachable", and where wanted those of places that are "hanging", "failing" and "rejecting", and "mend" (a command
that lets the unreachable place work).
"""


def check_section(kind: str, plugin: str, said: Mapping[str, object], where: str) -> None:
    """Raises UsageError, which shows no value, where a part is unknown, missing or of another form."""
    section = SECTIONS[kind]
    if unknown := sorted(set(said) - set(section.parts)):
        raise UsageError(f"{plugin!r} has {', '.join(unknown)} in {where}; there have to be {', '.join(section.parts)}")
    if not set(section.required) <= set(said):
        raise UsageError(f"the {section.noun} {plugin!r} needs {', '.join(section.required)} in {where}")
    for name, value in said.items():
        if not section.parts[name].valid(value):
            raise UsageError(f"{name} of {plugin!r} has to be {section.parts[name].text}")
