"""``entrepot new-driver``: the beginning of a plugin."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from entrepot.scaffold import KINDS, LICENSES, NameRefused, Names, files_of, names_of, write_files

__all__ = ["new_driver"]


@click.command("new-driver")
@click.argument("name")
@click.option("--kind", type=click.Choice(list(KINDS)), default="storage", show_default=True, help="What it is to be.")
@click.option(
    "--output", metavar="DIR", type=click.Path(path_type=Path), help="The folder; by default the package's name."
)
@click.option("--license", "license_name", type=click.Choice(LICENSES), default=LICENSES[0], show_default=True)
def new_driver(name: str, kind: str, output: Path | None, license_name: str) -> None:
    """Make a package with a plugin called NAME, which works and passes its kit, for you to fill.

    Nothing is overwritten: DIR has to be new, or empty.
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
        advice = "choose another with --output DIR, or move what is in it away"
        raise click.ClickException(f"{folder} is there and is not an empty folder; {advice}") from error
    except OSError as error:
        advice = "what was written is left there; remove it, and choose a place with --output DIR that can be written"
        raise click.ClickException(f"{folder} cannot be written: {error.strerror or error}; {advice}") from error
    click.echo(_told(names, folder, len(texts)))


def _told(names: Names, folder: Path, count: int) -> str:
    """What was made, and the commands that come next."""
    plugin = "driver" if names.kind == "storage" else "plugin"
    return f"""{names.package} is in {folder}: {count} files, with a whole {plugin} and its tests. Try it:

    cd {shlex.quote(str(folder))}
    pip install --editable '.[test]'
    pytest
    entrepot plugins

Then change what says REPLACE in src/{names.module}, and keep pytest green.
The guide is docs/writing-a-driver.md in the repository of entrepot."""
