"""``entrepot config``: check a configuration without serving it."""

from __future__ import annotations

import os

import click

from entrepot.cli.validation import validate
from entrepot.config import ConfigurationError, load_configuration

__all__ = ["config"]


@click.group()
def config() -> None:
    """Check a configuration."""


@config.command()
@click.argument("path", type=click.Path())
@click.option(
    "--offline",
    is_flag=True,
    help="Skip checks that need the machine it will run on: the storage "
    "backend, the outbox, the TLS files, the host of http.addr.",
)
@click.pass_context
def check(ctx: click.Context, path: str, *, offline: bool) -> None:
    """Check a configuration as serve does at its start, and print all errors; exit 1 if it cannot be served."""
    try:
        configuration, warnings = load_configuration(path, os.environ)
        warnings += validate(configuration, offline=offline).warnings
    except ConfigurationError as error:
        for fault in error.faults:
            click.echo(f"error: {fault}", err=True)
        ctx.exit(1)
    for warning in warnings:
        click.echo(f"warning: {warning}")
    click.echo(f"{path} can be served")
