"""The format of the command's configuration file for plugins that need more than options."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["HELP", "SECTIONS", "Part", "Section", "UsageError", "as_section", "check_section"]


class UsageError(Exception):
    """The command line or the configuration file is invalid; the message says why and how to fix it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a section: its description, its validator, and whether it is required."""

    text: str
    valid: Callable[[object], bool]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """All parts of a section for one kind of plugin."""

    noun: str
    parts: Mapping[str, Part]

    @property
    def required(self) -> list[str]:
        """The names of the required parts."""
        return [name for name, part in self.parts.items() if part.required]


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


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


def _is_place(value: object) -> bool:
    return isinstance(value, str) and value.rpartition(":")[0] != "" and value.rpartition(":")[2].isdecimal()


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _is_pair(value: object) -> bool:
    return _is_list_of(_is_text)(value) and isinstance(value, Sequence) and len(value) == 2


SECTIONS: Final[Mapping[str, Section]] = {
    "storage": Section(
        "driver",
        {
            "options": Part("an object", _is_object, required=True),
            "endpoint": Part('a text like "127.0.0.1:9000"', _is_place),
            "unreachable": Part("an object", _is_object),
            "hanging": Part("an object", _is_object),
            "denied": Part("an object", _is_object),
            "short_timeouts": Part("an object", _is_object),
            "stored_bytes": Part("a command, as a list of words", _is_command),
            "failure_timeout": Part("a number of seconds", _is_duration),
        },
    ),
    "auth": Section(
        "authenticator",
        {
            "options": Part("an object", _is_object, required=True),
            "accepted": Part("a list of objects with authorization and user", _is_list_of(_is_known)),
            "refused": Part("a list of values of the Authorization header", _is_list_of(_is_text), required=True),
            "timing": Part("a list of pairs of values of the Authorization header", _is_list_of(_is_pair)),
            "exact_names": Part("true or false", _is_switch),
        },
    ),
    "notify": Section(
        "sink",
        {
            "options": Part("an object", _is_object, required=True),
            "received": Part("a command, as a list of words", _is_command, required=True),
            "unreachable": Part("an object", _is_object, required=True),
            "hanging": Part("an object", _is_object),
            "failing": Part("an object", _is_object),
            "rejecting": Part("an object", _is_object),
            "mend": Part("a command, as a list of words", _is_command),
            "at_url": Part("an object", _is_object),
        },
    ),
    "server": Section(
        "server",
        {
            "options": Part("an object", _is_object),
            "detects_truncated_chunks": Part("true or false", _is_switch),
        },
    ),
}
"""By kind; for a driver, the file may also contain only the options."""

HELP: Final = """\
For a driver, it may also be an object with "options" and more: the "endpoint" where the backend listens ("host:port",
as in the options), through which the kit lets the backend fail; the options of backends that are "unreachable" or
"hanging", or that refuse the credentials ("denied"); "short_timeouts" (options that make the driver give up early);
"failure_timeout" (seconds that a call may take if the backend fails); and "stored_bytes" (a command that prints how
many bytes the backend holds).
For an authenticator, it is an object with "options", the credentials that are "accepted" (a list of objects with
"authorization" and "user"), those that are "refused" (a list of values of the Authorization header), and optionally
"timing" (a list of pairs of such values: a wrong one of a known user, and one of an unknown user) and "exact_names"
(false if the directory knows other spellings of a user name). For a sink, it is an object with "options" of a working
endpoint, "received" (a command, as a list of words, that prints the ids of all delivered events, in order, one per
line), the options of an "unreachable" endpoint, and optionally the options of endpoints that are "hanging", "failing"
and "rejecting", "mend" (a command that makes the unreachable endpoint work) and "at_url" (the options of a sink over
HTTP, in which "{url}" is replaced by the URL of an endpoint of the kit). For a server, it is optional: an object with
its "options", and "detects_truncated_chunks" (false for a server that cannot detect truncated chunked bodies).
"""


def as_section(content: Mapping[str, object], options: Collection[str]) -> Mapping[str, object]:
    """Return the section of a driver, whose file may contain only its options, which have the names ``options``."""
    others = content.keys() & SECTIONS["storage"].parts.keys() - {"options", *options}
    if isinstance(content.get("options"), dict) and (others or "options" not in options):
        return content
    return {"options": content}


def check_section(kind: str, plugin: str, content: Mapping[str, object], where: str) -> None:
    """Raise UsageError, without showing a value, if a part is unknown, missing or has the wrong form."""
    section = SECTIONS[kind]
    if unknown := sorted(set(content) - set(section.parts)):
        raise UsageError(f"{plugin!r} has unknown {', '.join(unknown)} in {where}; valid: {', '.join(section.parts)}")
    if not set(section.required) <= set(content):
        raise UsageError(f"the {section.noun} {plugin!r} requires {', '.join(section.required)} in {where}")
    for name, value in content.items():
        if not section.parts[name].valid(value):
            raise UsageError(f"{name} of {plugin!r} must be {section.parts[name].text}")
