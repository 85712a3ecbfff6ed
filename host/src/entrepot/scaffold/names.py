"""What a new plugin is called, everywhere that it has a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from entrepot.config.storage import Storage
from entrepot.plugins.installed import AUTH, NOTIFY, STORAGE, claims

__all__ = ["KINDS", "NameRefused", "Names", "names_of"]

KINDS: Final = {"storage": (STORAGE, "Driver"), "auth": (AUTH, "Authenticator"), "notify": (NOTIFY, "Sink")}
"""The entry-point group of each kind, and how the names of its classes end."""

MAX_LENGTH: Final = 32
"""In characters: file names and lines of code are made of the name."""

# What is left of the forms of entry points, of packages (PEP 503) and of Python's modules where all have to agree.
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class NameRefused(Exception):  # noqa: N818 - what became of the name
    """A plugin cannot have a name: which, why, and what would be one."""


@dataclass(frozen=True, slots=True)
class Names:
    """One plugin's names.

    - ``name`` is the entry point's, and what a configuration says.
    - ``package`` is what pip installs, ``module`` what Python imports.
    - ``class_name`` is how the names of its classes begin, ``plugin`` the name of the class that is the plugin.
    """

    kind: str
    name: str

    @property
    def package(self) -> str:
        """The package's name in its normal form (PEP 503)."""
        return f"entrepot-{self.kind}-{self.name}"

    @property
    def module(self) -> str:
        """The name to import."""
        return self.package.replace("-", "_")

    @property
    def class_name(self) -> str:
        """The name in the form of a class's."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @property
    def plugin(self) -> str:
        """The class behind the entry point."""
        return f"{self.class_name}{KINDS[self.kind][1]}"


def names_of(kind: str, name: str) -> Names:
    """The names of a new plugin.

    Raises NameRefused where ``name`` is none, or means something else already.
    """
    if name.startswith("entrepot-"):
        short = re.sub(r"^entrepot-(?:storage-|auth-|notify-)?", "", name)
        raise NameRefused(f"{name!r}: leave the prefix out, the package gets it by itself; write {short!r}")
    if not _NAME.fullmatch(name):
        normal = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        hint = f"; {normal!r} would be one" if _NAME.fullmatch(normal) else ""
        rule = "small letters, digits and single hyphens between them, beginning with a letter"
        raise NameRefused(f"{name!r} is no name for a plugin: it takes {rule}{hint}")
    if len(name) > MAX_LENGTH:
        raise NameRefused(f"{name!r} has {len(name)} characters, and a plugin's name at most {MAX_LENGTH}; shorten it")
    if kind == "storage" and name in {*Storage.model_fields, *Storage.later, *Storage.refused}:
        raise NameRefused(
            f"{name!r} is a key of the section storage, where a driver's name stands; choose another name"
        )
    if kind == "auth" and name == "none":
        raise NameRefused("'none' stands for no authenticator in a configuration; choose another name")
    for claim in claims(KINDS[kind][0]):
        if claim.name == name:
            owner = claim.dist.name if claim.dist else claim.value
            raise NameRefused(
                f"the {kind} name {name!r} is claimed by the installed package {owner}; choose another name, "
                "as a host does not start with two plugins of one name"
            )
    return Names(kind, name)
