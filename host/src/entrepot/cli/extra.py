"""Commands added by plugins."""

from __future__ import annotations

import click

from entrepot.plugins import Hooks
from entrepot_contract.hookspecs import Command

__all__ = ["WithPluginCommands"]


class WithPluginCommands(click.Group):
    """A command group that loads plugins' commands only if the name is not a built-in command.

    No plugin is imported to serve or to check a configuration, and none can replace a built-in command.
    """

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the built-in command with this name, or else a plugin's."""
        return super().get_command(ctx, cmd_name) or self._added().get(cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns all command names, those of plugins last."""
        own = super().list_commands(ctx)
        return [*own, *(name for name in sorted(self._added()) if name not in own)]

    def _added(self) -> dict[str, click.Command]:
        return {command.name: _wrap(command) for command in Hooks.installed().commands()}


def _wrap(command: Command) -> click.Command:
    @click.command(
        command.name,
        help=command.help,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=False,
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    @click.pass_context
    def run(ctx: click.Context, arguments: tuple[str, ...]) -> None:
        ctx.exit(command.run(arguments))

    return run
