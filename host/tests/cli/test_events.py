"""``entrepot events``: listing, replaying and dropping of selected deliveries."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from entrepot.cli import main
from entrepot.notify.journal import Journal
from entrepot.notify.model import Recorded, Settled
from entrepot.notify.outbox import Outbox
from entrepot_contract.events import Action, Event

NOW = datetime.now(UTC)
CONFIG = """
version: 0.1
storage: {{inmemory: {{}}}}
http: {{secret: s}}
notifications:
  outbox: {{path: {folder}/outbox}}
  endpoints:
    - {{name: x, url: "http://127.0.0.1:9/"}}
    - {{name: y, url: "http://127.0.0.1:9/", actions: [delete]}}
"""


def event(name: str, action: Action = "push", repository: str = "team/a", hours: float = 0) -> Event:
    return Event(action, repository, tag=name, id=name, timestamp=NOW - timedelta(hours=hours))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An outbox with a delivered, a dead and two pending deliveries to x, and a pending one to y."""
    (tmp_path / "config.yml").write_text(CONFIG.format(folder=tmp_path))
    outbox = Outbox(tmp_path / "outbox")
    done, dead = event("done", hours=3), event("dead", hours=2)
    gone, late = event("gone", "delete", "team/b/c", hours=1), event("late", repository="other")
    outbox.record([Recorded(done, ["x"]), Recorded(dead, ["x"]), Recorded(gone, ["x", "y"]), Recorded(late, ["x"])])
    first, second, *_ = outbox.pending("x", limit=9)
    outbox.settle("x", Settled(delivered=[first.seq], dead={second.seq: "it said \x1b[31mno"}))
    outbox.close()
    return tmp_path


def run(folder: Path, *arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(main, ["events", *arguments, "--config", str(folder / "config.yml")], input=answer)


def listed(folder: Path, *arguments: str) -> list[str]:
    """Returns the listed deliveries: id, endpoint and state."""
    result = run(folder, "list", "--json", *arguments)
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in result.output.splitlines()]
    return [f"{one['event']['id']} {one['endpoint']} {one['state']}" for one in found]


EVERYTHING = ["late x pending", "gone y pending", "gone x pending", "dead x dead", "done x delivered"]


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ("", EVERYTHING),
        ("--limit 2", EVERYTHING[:2]),
        ("--id done --id late", ["late x pending", "done x delivered"]),
        ("--state dead --state delivered", ["dead x dead", "done x delivered"]),
        ("--endpoint y", ["gone y pending"]),
        ("--action delete --endpoint x", ["gone x pending"]),
        ("--repository team/*", ["dead x dead", "done x delivered"]),
        ("--repository team/**", EVERYTHING[1:]),
        ("--since 90m", EVERYTHING[:3]),
        ("--until 90m", EVERYTHING[3:]),
        ("--since AWARE --until 90m", ["dead x dead"]),
        ("--since NAIVE", EVERYTHING[:4]),
        ("--id unknown", []),
    ],
)
def test_selected_deliveries_are_listed_newest_first(folder: Path, arguments: str, lines: list[str]) -> None:
    between = NOW - timedelta(hours=2.5)  # after "done", before "dead"
    times = {"AWARE": between.isoformat(), "NAIVE": between.replace(tzinfo=None).isoformat()}
    assert listed(folder, *(times.get(word, word) for word in arguments.split())) == lines


def test_the_table_shows_the_error_without_control_characters(folder: Path) -> None:
    lines = run(folder, "list").output.splitlines()
    assert lines[0].split() == ["TIME", "STATE", "ENDPOINT", "ACTION", "WHAT", "TRIES", "ID", "ERROR"]
    assert lines[4].split()[1:] == ["dead", "x", "push", "team/a:dead", "1", "dead", "it", "said", "?[31mno"]


def test_an_event_is_shown_with_its_state_at_each_endpoint(folder: Path) -> None:
    shown = json.loads(run(folder, "show", "gone").output)
    assert shown["event"]["repository"] == "team/b/c"
    assert [(one["endpoint"], one["state"]) for one in shown["endpoints"]] == [("y", "pending"), ("x", "pending")]
    missing = run(folder, "show", "unknown")
    assert missing.exit_code == 1
    assert "the outbox has no event unknown" in missing.output


def test_replayed_deliveries_are_pending_as_if_never_tried(folder: Path) -> None:
    assert run(folder, "replay", "--state", "dead").output == "1 deliveries are pending again\n"
    shown = json.loads(run(folder, "show", "dead").output)["endpoints"][0]
    assert (shown["state"], shown["attempts"], shown["error"]) == ("pending", 0, None)
    assert run(folder, "replay", "--all").output == "1 deliveries are pending again\n"


def test_the_age_of_a_replayed_delivery_starts_with_the_replay(folder: Path) -> None:
    run(folder, "replay", "--all")
    outbox = Outbox(folder / "outbox")
    first = outbox.pending("x", limit=1)[0]
    outbox.settle("x", Settled(failed={first.seq: "busy"}), too_old=timedelta(hours=1))
    outbox.close()
    assert listed(folder, "--id", "done") == ["done x pending"]


def test_dropped_deliveries_are_deleted_after_confirmation(folder: Path) -> None:
    refused = run(folder, "drop", "--id", "gone", "--endpoint", "x", answer="n\n")
    assert refused.exit_code == 1
    assert "Delete 1 deliveries, 1 of them pending?" in refused.output
    assert listed(folder) == EVERYTHING
    assert "1 deliveries deleted" in run(folder, "drop", "--id", "gone", "--endpoint", "x", answer="y\n").output
    assert listed(folder, "--id", "gone") == ["gone y pending"]
    assert run(folder, "drop", "--all", "--yes").output == "4 deliveries deleted\n"
    assert listed(folder) == []


@pytest.mark.parametrize("command", ["replay", "drop"])
def test_nothing_is_changed_without_a_selection(folder: Path, command: str) -> None:
    assert run(folder, command).exit_code == 2
    assert run(folder, command, "--all", "--id", "done").exit_code == 2
    assert listed(folder) == EVERYTHING


def test_an_unknown_endpoint_is_reported_with_the_known_ones(folder: Path) -> None:
    result = run(folder, "list", "--endpoint", "z")
    assert result.exit_code == 1
    assert "the outbox has no events for endpoint z; known: x, y" in result.output


def test_the_journal_of_a_killed_host_is_listed(folder: Path) -> None:
    journal = Journal(folder / "outbox")
    journal.record(event("left"))
    journal.close()
    assert listed(folder, "--id", "left") == ["left x pending"]


def test_listing_does_not_create_an_outbox(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(CONFIG.format(folder=tmp_path))
    result = run(tmp_path, "list")
    assert result.exit_code == 1
    assert f"there is no outbox in {tmp_path}/outbox" in result.output
    assert not (tmp_path / "outbox").exists()


def test_an_invalid_time_is_rejected(folder: Path) -> None:
    result = run(folder, "list", "--since", "yesterday")
    assert result.exit_code == 2
    assert "'yesterday' is neither a time" in result.output


def test_more_than_a_page_is_listed_and_replayed(folder: Path) -> None:
    outbox = Outbox(folder / "outbox")
    many = [Event("push", "many", tag=str(number), id=f"m{number}") for number in range(2500)]
    outbox.record([Recorded(one, ["x", "y"]) for one in many])
    outbox.settle("x", Settled(delivered=[one.seq for one in outbox.pending("x", limit=9999)]))
    outbox.close()
    began = time.monotonic()
    found = listed(folder, "--repository", "many")
    assert found == [f"m{n} {to}" for n in reversed(range(2500)) for to in ("y pending", "x delivered")]
    assert len(run(folder, "list", "--repository", "many").output.splitlines()) == 5001
    assert run(folder, "replay", "--repository", "many").output == "2500 deliveries are pending again\n"
    assert time.monotonic() - began < 60
