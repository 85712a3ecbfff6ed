"""The outbox: recorded events are pending until they are settled, in order, separately for each endpoint."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from entrepot.notify.database import broken_files
from entrepot.notify.model import EVENT, Recorded, Settled
from entrepot.notify.outbox import Outbox
from entrepot_contract.events import Descriptor, Event, Request, Source


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path)
    yield outbox
    outbox.close()


def pushes(count: int, repository: str = "a") -> list[Event]:
    """Returns events with different tags."""
    return [Event("push", repository, tag=str(number)) for number in range(count)]


def tags(outbox: Outbox, endpoint: str, *without: str) -> list[str | None]:
    """Returns the tags of pending events, in order."""
    return [EVENT.validate_json(one.body).tag for one in outbox.pending(endpoint, limit=100, without=without)]


def test_recorded_events_are_pending_in_order_for_their_endpoints(outbox: Outbox) -> None:
    first, second, third = pushes(3)
    outbox.record([Recorded(first, ["x", "y"]), Recorded(second, ["y"])])
    outbox.record([Recorded(third, ["x"])])
    assert tags(outbox, "x") == ["0", "2"]
    assert tags(outbox, "y") == ["0", "1"]
    assert tags(outbox, "z") == []
    assert outbox.count_pending() == 4


def test_an_event_is_read_back_unchanged(outbox: Outbox) -> None:
    blob = Descriptor("application/octet-stream", "sha256:" + "0" * 64, 7)
    event = Event(
        "mount",
        "a/b",
        blob,
        from_repository="c",
        url="http://r/v2/a",
        references=(blob, blob),
        annotations={"k": "ü"},
        request=Request("1", "127.0.0.1:9", "r", "POST", "agent \N{SNOWMAN}"),
        actor="alice",
        source=Source("r:5000", "i"),
    )
    outbox.record([Recorded(event, ["x"])])
    assert EVENT.validate_json(outbox.pending("x", limit=1)[0].body) == event


def test_settled_deliveries_are_no_longer_pending_unless_they_failed(outbox: Outbox) -> None:
    outbox.record([Recorded(event, ["x", "y"]) for event in pushes(4)])
    first, second, third, _ = (one.seq for one in outbox.pending("x", limit=4))
    outbox.settle("x", Settled([first], {second: "busy"}, {third: "never"}))
    assert tags(outbox, "x") == ["1", "3"]
    assert [one.attempts for one in outbox.pending("x", limit=4)] == [1, 0]
    assert tags(outbox, "y") == ["0", "1", "2", "3"]


def test_too_old_deliveries_become_dead_when_one_fails(outbox: Outbox) -> None:
    outbox.record([Recorded(event, ["x"]) for event in pushes(3)])
    first = outbox.pending("x", limit=1)[0].seq
    outbox.settle("x", Settled(failed={first: "busy"}), too_old=timedelta(hours=1))
    assert outbox.count_pending() == 3
    outbox.settle("x", Settled(failed={first: "busy"}), too_old=timedelta(0))
    assert outbox.count_pending() == 0


def test_repositories_can_be_excluded(outbox: Outbox) -> None:
    outbox.record([Recorded(Event("push", name, tag=name), ["x"]) for name in ("a", "b", "a", "c")])
    assert tags(outbox, "x", "a") == ["b", "c"]
    assert tags(outbox, "x", "a", "b", "c") == []


def test_a_purge_deletes_settled_deliveries_but_no_pending_ones(outbox: Outbox) -> None:
    outbox.record([Recorded(event, ["x"]) for event in pushes(3)])
    seqs = [one.seq for one in outbox.pending("x", limit=3)]
    outbox.settle("x", Settled([seqs[0]], dead={seqs[1]: "never"}))
    outbox.purge(keep=timedelta(hours=1), keep_dead=timedelta(hours=1))
    assert count(outbox, "events") == 3
    outbox.purge(keep=timedelta(0), keep_dead=timedelta(hours=1))
    assert count(outbox, "events") == 2
    outbox.purge(keep=timedelta(0), keep_dead=timedelta(0))
    assert count(outbox, "events") == count(outbox, "deliveries") == 1
    assert tags(outbox, "x") == ["2"]


def test_a_number_is_never_reused(outbox: Outbox) -> None:
    outbox.record([Recorded(pushes(1)[0], ["x"])])
    first = outbox.pending("x", limit=1)[0].seq
    outbox.settle("x", Settled([first]))
    outbox.purge(keep=timedelta(0), keep_dead=timedelta(0))
    outbox.record([Recorded(pushes(1)[0], ["x"])])
    assert outbox.pending("x", limit=1)[0].seq > first


def test_processes_record_at_the_same_time(tmp_path: Path, outbox: Outbox) -> None:
    code = (
        "import sys; from pathlib import Path; from entrepot.notify.outbox import Outbox\n"
        "from entrepot.notify.model import Recorded\n"
        "from entrepot_contract.events import Event\n"
        "outbox = Outbox(Path(sys.argv[1]))\n"
        "for _ in range(50): outbox.record([Recorded(Event('push', 'a'), ['x', sys.argv[2]])])\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in ("y", "z")]
    assert [other.wait(120) for other in others] == [0, 0]
    assert len(outbox.pending("x", limit=1000)) == 100
    assert len(outbox.pending("y", limit=1000)) == len(outbox.pending("z", limit=1000)) == 50


def test_a_corrupt_file_is_set_aside_and_replaced(
    tmp_path: Path, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.record([Recorded(pushes(1)[0], ["x"])])
    outbox.close()
    garbage = b"no database at all, but long enough to be read as one" * 100
    (tmp_path / "outbox.db").write_bytes(garbage)
    outbox.record([Recorded(pushes(2)[1], ["x"])])
    assert tags(outbox, "x") == ["1"]
    (aside,) = broken_files(tmp_path)
    assert (tmp_path / aside).read_bytes() == garbage
    assert "outbox corrupt" in caplog.text
    assert aside in caplog.text


def test_of_two_threads_that_find_the_damage_one_replaces_the_file(tmp_path: Path, outbox: Outbox) -> None:
    outbox.record([Recorded(pushes(1)[0], ["x"])])
    (tmp_path / "garbage").write_bytes(b"no database at all, but long enough to be read as one" * 100)
    with closing(sqlite3.connect(tmp_path / "garbage")) as garbage, pytest.raises(sqlite3.DatabaseError) as damage:
        garbage.execute("SELECT * FROM events")
    calls: list[str] = []

    def first(_: sa.Connection) -> None:
        calls.append("first")
        if calls.count("first") == 1:
            raise sa.exc.DatabaseError("SELECT", {}, damage.value)

    def second(_: sa.Connection) -> None:
        calls.append("second")
        if calls.count("second") == 1:
            outbox.file.run(first, reads=True)
            outbox.record([Recorded(pushes(2)[1], ["x"])])
            raise sa.exc.DatabaseError("SELECT", {}, damage.value)

    outbox.file.run(second, reads=True)
    assert calls == ["second", "first", "first", "second"]
    assert len(broken_files(tmp_path)) == 1
    assert tags(outbox, "x") == ["1"]


def test_a_process_with_a_replaced_file_open_continues_with_the_new_one(tmp_path: Path, outbox: Outbox) -> None:
    outbox.record([Recorded(pushes(1)[0], ["x"])])
    (tmp_path / "outbox.db").rename(tmp_path / "elsewhere.db")
    for end in ("-wal", "-shm"):
        (tmp_path / f"outbox.db{end}").rename(tmp_path / f"elsewhere.db{end}")
    outbox.record([Recorded(pushes(2)[1], ["x"])])
    assert tags(outbox, "x") == ["1"]


def test_the_file_is_private(tmp_path: Path, outbox: Outbox) -> None:
    outbox.count_pending()
    assert (tmp_path / "outbox.db").stat().st_mode & 0o777 == 0o600


def count(outbox: Outbox, table: str) -> int:
    """Returns the number of rows of a table, read without the code under test."""
    connection = sqlite3.connect(outbox.file.folder / "outbox.db")
    try:
        rows: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - the test's own
    finally:
        connection.close()
    return rows
