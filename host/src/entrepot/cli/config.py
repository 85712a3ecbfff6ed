"""``entrepot config``: looking at a configuration without serving it."""

from __future__ import annotations

import os

import click

from entrepot.application import open_storage
from entrepot.cli.rehearsal import try_gate, try_sinks
from entrepot.config import Configuration, ConfigurationError, load_configuration, notify_settings, server_settings
from entrepot.plugins import PluginError
from entrepot.server import choose_server
from entrepot_contract import ConfigError

__all__ = ["config"]


@click.group()
def config() -> None:
    """Look at a configuration."""


@config.command()
@click.argument("path", type=click.Path())
@click.pass_context
def check(ctx: click.Context, path: str) -> None:
    """Say what is wrong with a configuration; exit 1 where it cannot be served."""
    try:
        configuration, warnings = load_configuration(path, os.environ)
        _open_all(configuration)
    except ConfigurationError as error:
        faults = error.faults
    except (PluginError, ConfigError) as error:
        faults = [str(error)]
    else:
        for warning in warnings:
            click.echo(f"warning: {warning}")
        click.echo(f"{path} can be served")
        return
    for fault in faults:
        click.echo(f"error: {fault}", err=True)
    ctx.exit(1)


def _open_all(configuration: Configuration) -> None:
    """Make every plugin that is configured, and let go of it again; its own error says what is wrong."""
    open_storage(configuration).close()
    try_gate(configuration)
    choose_server(configuration.http.server, server_settings(configuration, shared=True, on_ready=None))
    told = notify_settings(configuration)
    if told is not None:
        try_sinks(told)
