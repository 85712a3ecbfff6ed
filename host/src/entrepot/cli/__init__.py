"""The command ``entrepot``."""

from __future__ import annotations

from importlib.metadata import version

import click

from entrepot.cli.auth import auth
from entrepot.cli.config import config
from entrepot.cli.events import events
from entrepot.cli.extra import WithPluginCommands
from entrepot.cli.new_driver import new_driver
from entrepot.cli.plugins import plugins
from entrepot.cli.serve import serve

__all__ = ["main"]


@click.group(cls=WithPluginCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("entrepot"), prog_name="entrepot")
def main() -> None:
    """A container registry host whose backends are pip-installable plugins."""


main.add_command(serve)
main.add_command(plugins)
main.add_command(config)
main.add_command(auth)
main.add_command(events)
main.add_command(new_driver)
