"""``entrepot plugins``: list installed plugins, their options, and load errors."""

from __future__ import annotations

import dataclasses
import json
import shutil
from typing import Final

import click

from entrepot.cli.plugin_list import listing
from entrepot.cli.plugin_yaml import as_yaml
from entrepot.plugins import Plugin, installed_plugins
from entrepot_contract.options import nearest

__all__ = ["plugins"]

_KINDS: Final = ("storage", "auth", "notify", "server", "hooks")
_NARROWEST: Final = 80
_WIDEST: Final = 120


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_context
def plugins(ctx: click.Context, as_json: bool) -> None:
    """List the installed plugins with their capabilities and options; report why a plugin cannot be used."""
    if ctx.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError("--json cannot be combined with show, which prints YAML")
        return
    found = installed_plugins()
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(plugin) for plugin in found], indent=2))
    else:
        columns = shutil.get_terminal_size((_WIDEST, 24)).columns
        click.echo(listing(found, max(_NARROWEST, min(columns, _WIDEST))))


@plugins.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(_KINDS), help="Kind of the plugin, if several kinds have one with this name.")
def show(name: str, kind: str | None) -> None:
    """Print the options of plugin NAME as YAML for the configuration, with descriptions and defaults."""
    click.echo(as_yaml(_chosen(name, kind)), nl=False)


def _chosen(name: str, kind: str | None) -> Plugin:
    found = [one for one in installed_plugins() if kind in {None, one.kind}]
    named = [one for one in found if one.name == name]
    if not named:
        hint = nearest(name, sorted({one.name for one in found}))
        raise click.ClickException(f"no {kind + ' ' if kind else ''}plugin is called {name!r}{hint}")
    if len(kinds := sorted({one.kind for one in named})) > 1:
        raise click.ClickException(f"{name!r} is ambiguous ({', '.join(kinds)}): choose the kind with --kind")
    chosen = named[0]
    if chosen.error is not None:
        package = f"{chosen.package} {chosen.version}".strip()
        raise click.ClickException(f"the {chosen.kind} plugin {name!r} of {package} cannot be used: {chosen.error}")
    return chosen
