"""``entrepot config``: looking at a configuration without serving it."""

from __future__ import annotations

import os

import click

from entrepot.cli.rehearsal import rehearse
from entrepot.config import ConfigurationError, load_configuration

__all__ = ["config"]


@click.group()
def config() -> None:
    """Look at a configuration."""


@config.command()
@click.argument("path", type=click.Path())
@click.option(
    "--offline",
    is_flag=True,
    help="Leave out what may only be there where it is served: the storage's "
    "backend, the outbox, the files of TLS, the host of http.addr.",
)
@click.pass_context
def check(ctx: click.Context, path: str, *, offline: bool) -> None:
    """Try what serve tries with a configuration, and say what is wrong; exit 1 where it cannot be served."""
    try:
        configuration, warnings = load_configuration(path, os.environ)
        warnings += rehearse(configuration, offline=offline).warnings
    except ConfigurationError as error:
        for fault in error.faults:
            click.echo(f"error: {fault}", err=True)
        ctx.exit(1)
    for warning in warnings:
        click.echo(f"warning: {warning}")
    click.echo(f"{path} can be served")
