"""The names of a new plugin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from entrepot.config.storage import StorageConfig
from entrepot_contract.plugins import AUTH, NOTIFY, SERVER, STORAGE, claims

__all__ = ["KINDS", "NameRefused", "Names", "names_of"]

KINDS: Final = {
    "storage": (STORAGE, "Driver"),
    "auth": (AUTH, "Authenticator"),
    "notify": (NOTIFY, "Sink"),
    "server": (SERVER, "Server"),
}
"""The entry-point group of each kind, and the suffix of its class names."""

MAX_LENGTH: Final = 32
"""In characters, because file names and lines of code contain the name."""

# The common subset of the grammars of entry points, packages (PEP 503) and Python modules.
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class NameRefused(Exception):  # noqa: N818 - an outcome, not a fault
    """A name cannot be used for a plugin; the message states why, and suggests another one."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one plugin.

    - ``name`` is the name of the entry point, used in configurations.
    - ``package`` is the distribution package for pip, ``module`` the import package.
    - ``class_name`` is the prefix of its class names, ``plugin`` the name of the plugin class.
    """

    kind: str
    name: str

    @property
    def package(self) -> str:
        """The normalized name of the package (PEP 503)."""
        return f"entrepot-{self.kind}-{self.name}"

    @property
    def module(self) -> str:
        """The name to import."""
        return self.package.replace("-", "_")

    @property
    def class_name(self) -> str:
        """The name in CamelCase."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @property
    def plugin(self) -> str:
        """The name of the class of the entry point."""
        return f"{self.class_name}{KINDS[self.kind][1]}"


def names_of(kind: str, name: str) -> Names:
    """Returns the names of a new plugin.

    Raises NameRefused if ``name`` is invalid or already in use.
    """
    if name.startswith("entrepot-"):
        short = re.sub(rf"^entrepot-(?:(?:{'|'.join(KINDS)})-)?", "", name)
        raise NameRefused(f"{name!r}: omit the prefix, which the package gets automatically; use {short!r}")
    if not _NAME.fullmatch(name):
        normal = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        hint = f"; {normal!r} would be valid" if _NAME.fullmatch(normal) else ""
        rule = "lowercase letters, digits and single hyphens between them, starting with a letter"
        raise NameRefused(f"{name!r} is not a valid plugin name: use {rule}{hint}")
    if len(name) > MAX_LENGTH:
        raise NameRefused(f"{name!r} has {len(name)} characters, the maximum is {MAX_LENGTH}; use a shorter name")
    if kind == "storage" and name in {*StorageConfig.model_fields, *StorageConfig.later, *StorageConfig.refused}:
        raise NameRefused(
            f"{name!r} is a key of the section storage, which also has the driver's name as a key; choose another name"
        )
    if kind == "auth" and name == "none":
        raise NameRefused("'none' means no authenticator in a configuration; choose another name")
    if kind == "server" and name == "auto":
        raise NameRefused("'auto' means the best installed server in a configuration; choose another name")
    for claim in claims(KINDS[kind][0]):
        if claim.name == name:
            owner = claim.dist.name if claim.dist else claim.value
            raise NameRefused(
                f"the {kind} name {name!r} is claimed by the installed package {owner}; choose another name, "
                "because a host does not start with two plugins of the same name"
            )
    return Names(kind, name)
