"""The journal: events of many threads, failing disks, and the import into the outbox."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from entrepot.notify.journal import Journal
from entrepot.notify.journal_reader import JournalReader
from entrepot.notify.model import EVENT
from entrepot.notify.outbox import Outbox
from entrepot_contract.events import Descriptor, Event
from entrepot_contract.testing.server.running import eventually


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path)
    yield journal
    journal.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path)
    yield outbox
    outbox.close()


def lines(folder: Path) -> list[bytes]:
    """Returns the lines of all files, in order."""
    return [line for path in sorted((folder / "journal").glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def written(folder: Path) -> list[str]:
    """Returns the ids of the events in the files."""
    return [EVENT.validate_json(line).id for line in lines(folder)]


def take(folder: Path, outbox: Outbox, max_pending: int = 1000) -> list[Event]:
    """Import everything, and return the pending events."""
    reader = JournalReader(folder, outbox, lambda _: ["x"], max_pending)
    while reader.take():
        pass
    return [EVENT.validate_json(one.body) for one in outbox.pending("x", limit=10_000)]


def test_recorded_events_are_on_disk_when_the_call_returns(tmp_path: Path, journal: Journal) -> None:
    made = [Event("push", "a") for _ in range(10)]
    for number, event in enumerate(made, 1):
        journal.record(event)
        assert written(tmp_path) == [one.id for one in made[:number]]


def test_many_threads_record_everything_once(tmp_path: Path, journal: Journal) -> None:
    made = [[Event("push", str(number)) for _ in range(50)] for number in range(16)]

    def record(events: list[Event]) -> None:
        for event in events:
            journal.record(event)
            journal.add(Event("pull", "a"))

    threads = [threading.Thread(target=record, args=(events,)) for events in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    found = [event for event in map(EVENT.validate_json, lines(tmp_path)) if event.action == "push"]
    assert len(lines(tmp_path)) == 2 * 16 * 50
    for number, events in enumerate(made):
        assert [event.id for event in found if event.repository == str(number)] == [event.id for event in events]


def test_added_events_are_written_soon(tmp_path: Path, journal: Journal) -> None:
    made = [Event("pull", "a") for _ in range(50)]
    for event in made:
        journal.add(event)
    assert eventually(lambda: len(lines(tmp_path)) == 50)
    assert written(tmp_path) == [event.id for event in made]


def test_an_unwritable_event_is_rejected_or_held_in_memory_and_written_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "journal").write_text("in place of the folder")
    journal = Journal(tmp_path)
    held = [Event("delete", "a") for _ in range(5)]
    for event in held:
        with pytest.raises(FileExistsError):
            journal.record(Event("push", "a"))
        journal.record_or_hold(event)
    assert journal.unsaved == 5
    assert "File exists" in str(journal.failure)
    assert caplog.text.count("outbox not writable") == 1
    (tmp_path / "journal").unlink()
    assert eventually(lambda: journal.unsaved == 0)
    assert written(tmp_path) == [event.id for event in held]
    journal.record(late := Event("push", "a"))
    assert written(tmp_path)[5:] == [late.id]
    journal.close()
    assert journal.lost == 0
    assert journal.failure is None


def test_all_threads_of_a_failed_write_get_the_error(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("in place of the folder")
    journal = Journal(tmp_path)
    refused: list[str] = []

    def record(number: int) -> None:
        try:
            journal.record(Event("push", str(number)))
        except FileExistsError:
            refused.append(str(number))

    threads = [threading.Thread(target=record, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    assert sorted(refused) == sorted(map(str, range(16)))


def test_a_full_journal_rejects_pushes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.notify.journal._MAX_BYTES", 100)
    monkeypatch.setattr("entrepot.notify.journal._LOOK_SECONDS", 0)
    journal = Journal(tmp_path)
    journal.record(Event("push", "a" * 100))
    with pytest.raises(OSError, match="waiting for the notifier"):
        journal.record(Event("push", "a"))
    journal.close()
    assert (len(written(tmp_path)), journal.lost) == (1, 0)


def test_while_nothing_can_be_written_memory_is_bounded_and_dropped_pulls_are_not_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("entrepot.notify.journal._MAX_IN_MEMORY", 2**20)
    (tmp_path / "journal").write_text("in place of the folder")
    journal = Journal(tmp_path)
    references = tuple(Descriptor("t", "sha256:" + "a" * 64, size) for size in range(1000))
    for _ in range(100):
        journal.add(Event("pull", "a", references=references))
    assert eventually(lambda: journal.unsaved > 0)
    for _ in range(100):
        journal.record_or_hold(Event("delete", "a", annotations={"a": "a" * 50_000}))
    deletions = caplog.text.count('"action":"delete"')
    assert 0 < journal.unsaved <= 20
    assert journal.unsaved + journal.lost == 200
    journal.close()
    assert journal.lost == 200
    assert 0 < deletions <= caplog.text.count('"action":"delete"') <= 100
    assert '"action":"pull"' not in caplog.text


def test_events_that_cannot_be_written_at_shutdown_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "journal").write_text("in place of the folder")
    journal = Journal(tmp_path)
    event = Event("delete", "a")
    journal.record_or_hold(event)
    journal.close()
    assert journal.lost == 1
    assert f'"id":"{event.id}"' in caplog.text


def test_a_lone_surrogate_is_replaced_and_other_events_are_kept(
    tmp_path: Path, journal: Journal, outbox: Outbox
) -> None:
    bad = Event("push", "a", Descriptor("a/\udfff", "", 0), actor="\ud800", annotations={"x": "\udc00", "\ud800": "y"})
    made = [Event("pull", "a"), replace(bad, action="pull"), Event("pull", "a")]
    for event in made:
        journal.add(event)
    journal.record(bad)
    first, second, third, fourth = take(tmp_path, outbox)
    assert (first, third) == (made[0], made[2])
    for event in (second, fourth):
        assert event.target is not None
        assert (event.target.media_type, event.actor, event.annotations["x"]) == ("a/\ufffd", "\ufffd", "\ufffd")
        assert "y" in event.annotations.values()


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_an_event_that_cannot_be_written_as_json_is_rejected_alone(
    tmp_path: Path, journal: Journal, outbox: Outbox
) -> None:
    journal.add(Event("pull", "a"))
    for keep in (journal.add, journal.record):
        with pytest.raises(ValueError, match="serialize"):
            keep(Event("push", "a", actor=object()))  # type: ignore[arg-type]  # a plugin's mistake
    journal.record(Event("push", "b"))
    assert [event.repository for event in take(tmp_path, outbox)] == ["a", "b"]


def test_the_thread_of_the_journal_survives_any_exception(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("os.write", lambda *_: 1 / 0)
        journal.add(Event("pull", "a"))
        assert eventually(lambda: "journal flush failed" in caplog.text)
    event = Event("pull", "b")
    journal.add(event)
    assert eventually(lambda: event.id in written(tmp_path))


def test_everything_is_imported_once_and_in_order(tmp_path: Path, journal: Journal, outbox: Outbox) -> None:
    made = []
    for number in range(5):
        for _ in range(20):
            made.append(Event("push", "a", tag=str(number)))
            journal.record(made[-1])
        assert take(tmp_path, outbox) == made
    assert take(tmp_path, outbox) == made


def test_a_journal_is_removed_when_its_writer_has_ended_and_it_is_fully_imported(
    tmp_path: Path, journal: Journal, outbox: Outbox
) -> None:
    journal.record(Event("push", "a"))
    take(tmp_path, outbox)
    assert len(list((tmp_path / "journal").iterdir())) == 1
    journal.close()
    assert len(take(tmp_path, outbox)) == 1
    assert list((tmp_path / "journal").iterdir()) == []
    take(tmp_path, outbox)
    assert outbox.journals() == {}


def test_events_of_a_killed_process_are_imported_except_for_a_partial_line(
    tmp_path: Path, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    code = (
        "import os, sys; from pathlib import Path; from entrepot.notify.journal import Journal\n"
        "from entrepot_contract.events import Event\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "for _ in range(10): journal.record(Event('push', 'a'))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == -9
    (path,) = (tmp_path / "journal").iterdir()
    path.write_bytes(path.read_bytes() + b'{"action":"push","repos')
    assert len(take(tmp_path, outbox)) == 10
    assert not path.exists()
    assert "partial line" in caplog.text


def test_an_invalid_line_is_logged_and_the_others_are_imported(
    tmp_path: Path, journal: Journal, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    journal.record(Event("push", "a"))
    (path,) = (tmp_path / "journal").iterdir()
    with path.open("ab") as file:
        file.write(b'{"action":"dance"}\n')
    journal.record(Event("push", "b"))
    assert [event.repository for event in take(tmp_path, outbox)] == ["a", "b"]
    assert "dance" in caplog.text


def test_a_long_line_is_imported_completely(tmp_path: Path, journal: Journal, outbox: Outbox) -> None:
    layer = Descriptor("application/octet-stream", "sha256:" + "0" * 64, 1)
    event = Event("push", "a", references=(layer,) * 20_000)
    journal.record(event)
    journal.record(Event("push", "b"))
    first, second = take(tmp_path, outbox)
    assert first == event
    assert second.repository == "b"


def test_references_are_omitted_if_they_are_not_configured(tmp_path: Path, outbox: Outbox) -> None:
    layer = Descriptor("application/octet-stream", "sha256:" + "0" * 64, 1)
    journal = Journal(tmp_path, references=False)
    journal.record(Event("push", "a", layer, references=(layer,)))
    journal.close()
    (event,) = take(tmp_path, outbox)
    assert event.references == ()
    assert event.target == layer


def test_a_full_outbox_drops_pulls_first(
    tmp_path: Path, journal: Journal, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    made = []
    for action in ("pull", "push", "pull", "push", "pull", "push"):
        made.append(Event("pull" if action == "pull" else "push", "a"))
        journal.record(made[-1])
        pending = take(tmp_path, outbox, max_pending=4)
    assert [event.action for event in pending] == ["pull", "push", "push", "push"]
    journal.record(made[0])
    lost = Event("push", "a")
    journal.record(lost)
    assert len(take(tmp_path, outbox, max_pending=4)) == 4
    assert f'"id":"{lost.id}"' in caplog.text
