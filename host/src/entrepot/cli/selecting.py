"""The options that select deliveries."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import get_args

import click

from entrepot.notify.model import Selection, State
from entrepot_contract.events import Action
from entrepot_contract.toolkit.durations import parse_duration

__all__ = ["selecting"]


class _Moment(click.ParamType[datetime]):
    """A time in RFC 3339 format (UTC if it has no offset), or a duration before now."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            found = datetime.fromisoformat(str(value))
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        except ValueError:
            pass
        try:
            return datetime.now(UTC) - parse_duration(value)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a time (2026-01-31T12:00:00Z) nor a duration (2h30m)", param, ctx)


def selecting(*states: State) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add options that select deliveries in these states to a command, which gets ``selection``."""
    by_name = {state.name.lower(): state for state in states}
    options = [
        click.option("--id", "ids", multiple=True, help="ID of an event (repeatable)."),
        click.option(
            "--state",
            "names",
            multiple=True,
            type=click.Choice(list(by_name)),
            help="State of the delivery (repeatable).",
        ),
        click.option("--endpoint", "endpoints", multiple=True, help="Name of an endpoint (repeatable)."),
        click.option(
            "--action",
            "actions",
            multiple=True,
            type=click.Choice(get_args(Action)),
            help="Action of the event (repeatable).",
        ),
        click.option("--repository", help="Glob pattern: * matches one component of a name, ** any number."),
        click.option("--since", type=_Moment(), help="Events since this time: RFC 3339, or how long ago (2h30m)."),
        click.option("--until", type=_Moment(), help="Events until this time."),
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def chosen(
            *,
            ids: Sequence[str],
            names: Sequence[str],
            endpoints: Sequence[str],
            actions: Sequence[str],
            repository: str | None,
            since: datetime | None,
            until: datetime | None,
            **others: object,
        ) -> None:
            known = tuple(by_name[name] for name in names)
            command(selection=Selection(ids, known, endpoints, actions, repository, since, until), **others)

        for option in reversed(options):
            chosen = option(chosen)
        return chosen

    return decorate
