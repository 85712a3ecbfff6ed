"""``entrepot events``: list, replay and delete the deliveries of events to endpoints."""

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
from entrepot.notify import notify_settings
from entrepot.notify.model import DeliveryRow, Selection, State

if TYPE_CHECKING:  # a database, which the other commands do without
    from entrepot.notify.outbox import Outbox

__all__ = ["events"]

_ENDED = (State.DELIVERED, State.DEAD)
_configured = click.option(
    "--config", "path", type=click.Path(), help="Configuration file [default: $REGISTRY_CONFIGURATION_PATH]."
)
_all = click.option("--all", "select_all", is_flag=True, help="Select all deliveries.")


@click.group()
def events() -> None:
    """List, replay or delete deliveries of events to endpoints. Safe to use while hosts are running.

    Delivered events are kept for notifications.outbox.keep, dead ones for notifications.outbox.keepdead.
    """


@events.command("list")
@selecting(*State)
@click.option("--limit", type=click.IntRange(min=1), help="Maximum number of rows.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@_configured
def list_events(selection: Selection, limit: int | None, as_json: bool, path: str | None) -> None:
    """List deliveries, newest events first."""
    from entrepot.notify.outbox import find

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
    """Print an event as JSON, with the state of its delivery to each endpoint."""
    from entrepot.notify.outbox import find

    with _outbox(path) as outbox:
        found = list(find(outbox, Selection(ids=[event_id])))
    if not found:
        raise click.ClickException(f"the outbox has no event {event_id}: it was deleted, or its retention has ended")
    endpoints = [{key: value for key, value in _as_json(one).items() if key != "event"} for one in found]
    click.echo(json.dumps({"event": json.loads(found[0].body), "endpoints": endpoints}, indent=2))


@events.command("replay")
@selecting(*_ENDED)
@_all
@_configured
def replay_events(selection: Selection, select_all: bool, path: str | None) -> None:
    """Deliver delivered or dead events again."""
    from entrepot.notify.outbox import replay

    _check_selected(selection, select_all)
    with _outbox(path) as outbox:
        _check_endpoints(outbox, selection)
        count = replay(outbox, replace(selection, states=selection.states or _ENDED))
    click.echo(f"{count} deliveries are pending again")


@events.command("drop")
@selecting(*State)
@_all
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@_configured
def drop_events(selection: Selection, select_all: bool, yes: bool, path: str | None) -> None:
    """Delete deliveries. Pending ones will not be delivered."""
    from entrepot.notify.outbox import count, drop

    _check_selected(selection, select_all)
    with _outbox(path) as outbox:
        _check_endpoints(outbox, selection)
        if not yes:
            pending = count(outbox, replace(selection, states=[State.PENDING])) if _may_pend(selection) else 0
            click.confirm(f"Delete {count(outbox, selection)} deliveries, {pending} of them pending?", abort=True)
        click.echo(f"{drop(outbox, selection)} deliveries deleted")


@contextmanager
def _outbox(path: str | None) -> Iterator[Outbox]:
    try:
        configuration, _ = load_configuration(path or os.environ.get(CONFIGURATION_PATH) or None, os.environ)
    except ConfigurationError as error:
        raise click.ClickException("\n".join(error.faults)) from error
    settings = notify_settings(configuration)
    if settings is None:
        raise click.ClickException("notifications.endpoints has no enabled endpoint")
    import sqlalchemy as sa

    from entrepot.notify.journal_reader import NoOutboxError, open_outbox

    try:
        with open_outbox(settings) as outbox:
            yield outbox
    except NoOutboxError as error:
        raise click.ClickException(str(error)) from error
    except (sa.exc.DBAPIError, OSError) as error:
        raise click.ClickException(f"the outbox in {settings.outbox.path} cannot be used: {error}") from error


def _check_selected(selection: Selection, select_all: bool) -> None:
    if (selection != Selection()) == select_all:
        raise click.UsageError("select deliveries with options, or use --all")


def _check_endpoints(outbox: Outbox, selection: Selection) -> None:
    from entrepot.notify.outbox import endpoint_names

    known = endpoint_names(outbox)
    for name in selection.endpoints:
        if name not in known:
            raise click.ClickException(
                f"the outbox has no events for endpoint {name}; known: {', '.join(known) or 'none'}"
            )


def _may_pend(selection: Selection) -> bool:
    return not selection.states or State.PENDING in selection.states


def _as_json(one: DeliveryRow) -> dict[str, object]:
    return {
        "endpoint": one.endpoint,
        "state": one.state.name.lower(),
        "since": _time(one.changed),
        "attempts": one.attempts,
        "error": one.error,
        "event": json.loads(one.body),
    }


def _print_table(found: Iterator[DeliveryRow]) -> None:
    header: Sequence[str] = ("TIME", "STATE", "ENDPOINT", "ACTION", "WHAT", "TRIES", "ID", "ERROR")
    while page := list(islice(found, 500)):
        rows = [header, *(_row(one) for one in page)] if header else [_row(one) for one in page]
        header = ()
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(one: DeliveryRow) -> Sequence[str]:
    event = json.loads(one.body)
    target = (event.get("target") or {}).get("digest", "")
    what = f"{event['repository']}:{event['tag']}" if event.get("tag") else f"{event['repository']}@{target}"
    state = one.state.name.lower()
    # Text written by a registry or an endpoint must not control the terminal.
    error = "".join(char if char.isprintable() else "?" for char in one.error or "")
    return (event["timestamp"], state, one.endpoint, event["action"], what, str(one.attempts), event["id"], error)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
