"""``entrepot auth``: evaluate the access rules offline."""

from __future__ import annotations

import os
from typing import get_args

import click

from entrepot.access.rules import CATALOG, RuleAction
from entrepot.application import open_gate
from entrepot.config import ConfigurationError, load_configuration
from entrepot.config.environment import CONFIGURATION_PATH
from entrepot.plugins import PluginError
from entrepot_contract import ConfigError
from entrepot_contract.auth import Access, Identity

__all__ = ["auth"]


@click.group()
def auth() -> None:
    """Inspect the access rules."""


@auth.command()
@click.argument("user")
@click.argument("repository")
@click.argument("action", type=click.Choice(get_args(RuleAction)))
@click.option("--config", "path", type=click.Path(), help="Configuration file [default: $REGISTRY_CONFIGURATION_PATH].")
@click.option("--group", "groups", multiple=True, help="Assume that the user is in this group (repeatable).")
@click.pass_context
def explain(
    ctx: click.Context, user: str, repository: str, action: str, path: str | None, groups: tuple[str, ...]
) -> None:
    """Print which rule of ``access`` allows ACTION in REPOSITORY for USER (or anonymous); exit 1 if none does."""
    try:
        configuration, _ = load_configuration(path or os.environ.get(CONFIGURATION_PATH) or None, os.environ)
        gate = open_gate(configuration)
    except ConfigurationError as error:
        raise click.ClickException("\n".join(error.faults)) from error
    except (PluginError, ConfigError) as error:
        raise click.ClickException(str(error)) from error
    if gate is None:
        click.echo("yes: neither auth nor access is configured, so every client may do everything")
        return
    known = None if user == "anonymous" else gate.user(user)
    gate.close()
    identity = known
    if user != "anonymous":
        identity = Identity(user, frozenset(groups) | (known.groups if known is not None else frozenset()))
        if known is None:
            click.echo(f"note: no authenticator knows a user {user}; assuming that {user} is authenticated")
        elif identity.groups:
            click.echo(f"note: {user} is in {', '.join(sorted(identity.groups))}")
    found = gate.rules.deciding(identity, CATALOG if action == "catalog" else Access("repository", repository, action))
    if found is None:
        click.echo("no: no rule allows it")
        ctx.exit(1)
    number, rule = found
    where = f"rule {number} of access" if configuration.access is not None else "access is not set; default"
    click.echo(f"yes: {where}: {rule}")
