"""``entrepot new-driver``: generate a plugin package."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

import click

from entrepot.scaffold import KINDS, LICENSES, NameRefused, Names, files_of, names_of, write_files

__all__ = ["new_driver"]

_GUIDES: Final = {"notify": "writing-a-sink", "server": "writing-a-server"}


@click.command("new-driver")
@click.argument("name")
@click.option(
    "--kind", type=click.Choice(list(KINDS)), default="storage", show_default=True, help="Kind of plugin to create."
)
@click.option(
    "--output", metavar="DIR", type=click.Path(path_type=Path), help="Target folder [default: the name of the package]."
)
@click.option("--license", "license_name", type=click.Choice(LICENSES), default=LICENSES[0], show_default=True)
def new_driver(name: str, kind: str, output: Path | None, license_name: str) -> None:
    """Generate a package with a plugin called NAME, which works and passes its test kit, as a starting point.

    DIR must not exist or be empty; nothing is overwritten.
    """
    try:
        names = names_of(kind, name)
    except NameRefused as error:
        raise click.ClickException(str(error)) from error
    folder = Path(names.package) if output is None else output
    texts = files_of(names, license_name)
    try:
        write_files(folder, texts)
    except FileExistsError as error:
        advice = "choose another with --output DIR, or empty it"
        raise click.ClickException(f"{folder} exists and is not an empty folder; {advice}") from error
    except OSError as error:
        advice = "remove the files already written, and choose a writable folder with --output DIR"
        raise click.ClickException(f"{folder} cannot be written: {error.strerror or error}; {advice}") from error
    click.echo(_summary(names, folder, len(texts)))


def _summary(names: Names, folder: Path, count: int) -> str:
    """Returns the message about what was generated, with the next commands to run."""
    plugin = "driver" if names.kind == "storage" else "plugin"
    return f"""{names.package} is in {folder}: {count} files, with a working {plugin} and its tests. Try it:

    cd {shlex.quote(str(folder))}
    pip install --editable '.[test]'
    pytest
    entrepot plugins

Then replace the parts marked REPLACE in src/{names.module}, and keep the tests passing.
The guide is docs/{_GUIDES.get(names.kind, "writing-a-driver")}.md in the repository of entrepot."""
