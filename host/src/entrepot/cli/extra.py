"""Commands that plugins add."""

from __future__ import annotations

import click

from entrepot.plugins import Hooks
from entrepot_contract.hookspecs import Command

__all__ = ["WithPluginCommands"]


class WithPluginCommands(click.Group):
    """A group that asks the plugins for commands, and only where none of its own is meant.

    So no plugin is imported to serve or to check a configuration, and none can take the place of a built-in command.
    """

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The built-in command of a name, or a plugin's."""
        return super().get_command(ctx, cmd_name) or self._added().get(cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, those of plugins last."""
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
