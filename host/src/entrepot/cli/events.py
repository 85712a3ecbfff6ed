"""``entrepot events``: what endpoints were told, what they were not, and what to do about it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import click

from entrepot.cli.selecting import selecting
from entrepot.config import ConfigurationError, load_configuration
from entrepot.config.environment import CONFIGURATION_PATH
from entrepot.config.to_settings import notify_settings
from entrepot.notify.selection import Selection, State

if TYPE_CHECKING:  # a database, which the other commands do without
    from entrepot.notify.outbox import Outbox
    from entrepot.notify.queries import Told

__all__ = ["events"]

_ENDED = (State.DELIVERED, State.DEAD)
_configured = click.option(
    "--config", "path", type=click.Path(), help="The configuration; else $REGISTRY_CONFIGURATION_PATH."
)
_all = click.option("--all", "every", is_flag=True, help="Mean every one.")


@click.group()
def events() -> None:
    """Look at what endpoints are told, tell it again, or drop it; hosts may be at work meanwhile.

    What has been delivered is known for notifications.outbox.keep, what is dead for keepdead.
    """


@events.command("list")
@selecting(*State)
@click.option("--limit", type=click.IntRange(min=1), help="The most lines.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object in each line.")
@_configured
def list_events(selection: Selection, limit: int | None, as_json: bool, path: str | None) -> None:
    """List deliveries, the newest events first."""
    from entrepot.notify.queries import find

    with _outbox(path) as outbox:
        _check_endpoints(outbox, selection)
        found = find(outbox, selection, limit)
        if as_json:
            for one in found:
                click.echo(json.dumps(_as_json(one)))
        else:
            _print_table(found)


@events.command()
@click.argument("event_id", metavar="ID")
@_configured
def show(event_id: str, path: str | None) -> None:
    """Print an event as JSON, and what became of it at each endpoint."""
    from entrepot.notify.queries import find

    with _outbox(path) as outbox:
        found = list(find(outbox, Selection(ids=[event_id])))
    if not found:
        raise click.ClickException(f"the outbox has no event {event_id}: it was dropped, or kept for long enough")
    endpoints = [{key: value for key, value in _as_json(one).items() if key != "event"} for one in found]
    click.echo(json.dumps({"event": json.loads(found[0].body), "endpoints": endpoints}, indent=2))


@events.command("replay")
@selecting(*_ENDED)
@_all
@_configured
def replay_events(selection: Selection, every: bool, path: str | None) -> None:
    """Tell delivered or dead events again."""
    from entrepot.notify.queries import replay

    _check_selected(selection, every)
    with _outbox(path) as outbox:
        _check_endpoints(outbox, selection)
        again = replay(outbox, replace(selection, states=selection.states or _ENDED))
    click.echo(f"{again} deliveries are pending again")


@events.command("drop")
@selecting(*State)
@_all
@click.option("--yes", is_flag=True, help="Do not ask.")
@_configured
def drop_events(selection: Selection, every: bool, yes: bool, path: str | None) -> None:
    """Delete deliveries; those that were pending are told nobody."""
    from entrepot.notify.queries import count, drop

    _check_selected(selection, every)
    with _outbox(path) as outbox:
        _check_endpoints(outbox, selection)
        if not yes:
            pending = count(outbox, replace(selection, states=[State.PENDING])) if _may_pend(selection) else 0
            click.confirm(f"Delete {count(outbox, selection)} deliveries, {pending} of them pending?", abort=True)
        click.echo(f"{drop(outbox, selection)} deliveries are deleted")


@contextmanager
def _outbox(path: str | None) -> Iterator[Outbox]:
    try:
        configuration, _ = load_configuration(path or os.environ.get(CONFIGURATION_PATH) or None, os.environ)
    except ConfigurationError as error:
        raise click.ClickException("\n".join(error.faults)) from error
    settings = notify_settings(configuration)
    if settings is None:
        raise click.ClickException("notifications.endpoints has nobody who is told of events")
    import sqlalchemy as sa

    from entrepot.notify.visit import NoOutboxError, visited

    try:
        with visited(settings) as outbox:
            yield outbox
    except NoOutboxError as error:
        raise click.ClickException(str(error)) from error
    except (sa.exc.DBAPIError, OSError) as error:
        raise click.ClickException(f"the outbox in {settings.outbox.path} cannot be used: {error}") from error


def _check_selected(selection: Selection, every: bool) -> None:
    if (selection != Selection()) == every:
        raise click.UsageError("say which ones by the options, or --all")


def _check_endpoints(outbox: Outbox, selection: Selection) -> None:
    from entrepot.notify.queries import endpoint_names

    known = endpoint_names(outbox)
    for name in selection.endpoints:
        if name not in known:
            raise click.ClickException(f"no event was ever for an endpoint {name}; known: {', '.join(known) or 'none'}")


def _may_pend(selection: Selection) -> bool:
    return not selection.states or State.PENDING in selection.states


def _as_json(one: Told) -> dict[str, object]:
    return {
        "endpoint": one.endpoint,
        "state": one.state.name.lower(),
        "since": _time(one.changed),
        "attempts": one.attempts,
        "error": one.error,
        "event": json.loads(one.body),
    }


def _print_table(found: Iterator[Told]) -> None:
    header: Sequence[str] = ("TIME", "STATE", "ENDPOINT", "ACTION", "WHAT", "TRIES", "ID", "ERROR")
    while page := list(islice(found, 500)):
        rows = [header, *(_row(one) for one in page)] if header else [_row(one) for one in page]
        header = ()
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(one: Told) -> Sequence[str]:
    event = json.loads(one.body)
    target = (event.get("target") or {}).get("digest", "")
    what = f"{event['repository']}:{event['tag']}" if event.get("tag") else f"{event['repository']}@{target}"
    state = one.state.name.lower()
    # What a registry or an endpoint wrote must not steer the terminal.
    error = "".join(char if char.isprintable() else "?" for char in one.error or "")
    return (event["timestamp"], state, one.endpoint, event["action"], what, str(one.attempts), event["id"], error)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
