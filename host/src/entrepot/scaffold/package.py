"""The files of a new plugin's package, from the templates beside this module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Final

from entrepot.scaffold.names import Names

__all__ = ["LICENSES", "files_of", "write_files"]

LICENSES: Final = ("Apache-2.0", "MIT", "none")
"""The available licences, by SPDX identifier."""

_DESCRIPTIONS: Final = {
    "storage": "Storage driver for entrepot on {}.",
    "auth": "Authenticator for entrepot with users of {}.",
    "notify": "Notification sink for entrepot that sends events to {}.",
    "server": "Server for entrepot on {}.",
}
_ENDING: Final = ".tmpl"


def files_of(names: Names, license_name: str) -> dict[str, str]:
    """Returns the text of every file, by its path in the package."""
    license_lines = "" if license_name == "none" else f'license = "{license_name}"\nlicense-files = ["LICENSE"]\n'
    values = {
        "kind": names.kind,
        "name": names.name,
        "package": names.package,
        "module": names.module,
        "class_name": names.class_name,
        "plugin": names.plugin,
        "description": _DESCRIPTIONS[names.kind].format(names.name),
        "license_lines": license_lines,
        "year": str(datetime.now(UTC).year),
    }
    templates = files("entrepot.scaffold") / "templates"
    found = {**dict(_below(templates / "shared")), **dict(_below(templates / names.kind))}
    if license_name != "none":
        found["LICENSE"] = (templates / "licenses" / f"{license_name}{_ENDING}").read_text(encoding="utf-8")
    return {_place(path, names): Template(text).substitute(values) for path, text in sorted(found.items())}


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files into a new or empty folder.

    Raises FileExistsError if the folder is not empty, and OSError if it cannot be written; nothing is overwritten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as opened:
            opened.write(text)


def _below(folder: Traversable, above: str = "") -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _below(entry, f"{above}{entry.name}/")
        elif entry.name.endswith(_ENDING):
            yield f"{above}{entry.name.removesuffix(_ENDING)}", entry.read_text(encoding="utf-8")


def _place(path: str, names: Names) -> str:
    """Returns the target path of a template: ``module`` becomes the module's name, and ``dot-`` a dot."""
    steps = [names.module if step == "module" else step for step in path.split("/")]
    return "/".join(f".{step.removeprefix('dot-')}" if step.startswith("dot-") else step for step in steps)
