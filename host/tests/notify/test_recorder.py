"""Recording for many threads, and on a disk that fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from host.tests.server.running import eventually

from entrepot.notify.journal import Journal, read_journals
from entrepot.notify.outbox import Outbox, Recorded
from entrepot.notify.recorder import Recorder
from entrepot_contract.events import Event


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    recorder = Recorder(tmp_path, most=1000)
    yield recorder
    recorder.close()


def ids(folder: Path) -> set[str]:
    """The ids of what is on disk and pending."""
    outbox = Outbox(folder)
    found = {one.body.split(b'"id":"')[1][:36].decode() for one in outbox.pending("x", most=10_000)}
    outbox.close()
    return found


def test_what_is_recorded_is_on_disk_when_the_call_returns(tmp_path: Path, recorder: Recorder) -> None:
    made = [Event("push", "a") for _ in range(10)]
    for number, event in enumerate(made, 1):
        recorder.record(Recorded(event, ["x"]))
        assert ids(tmp_path) == {one.id for one in made[:number]}


def test_many_threads_record_everything_once(tmp_path: Path, recorder: Recorder) -> None:
    made = [[Event("push", "a") for _ in range(25)] for _ in range(16)]

    def record(events: list[Event]) -> None:
        for event in events:
            recorder.record(Recorded(event, ["x"]))

    threads = [threading.Thread(target=record, args=(events,)) for events in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids(tmp_path) == {event.id for events in made for event in events}
    assert recorder.unsaved == recorder.lost == 0


def test_what_cannot_be_written_is_held_and_written_later(
    tmp_path: Path, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.record(Recorded(Event("push", "a"), ["x"]))
    aside = tmp_path.with_name("aside")
    tmp_path.rename(aside)  # as if the disk were gone
    tmp_path.write_text("no folder")
    event = Event("push", "a")
    recorder.record(Recorded(event, ["x"]))
    assert recorder.unsaved == 1
    assert "held in memory" in caplog.text
    tmp_path.unlink()
    aside.rename(tmp_path)
    assert eventually(lambda: recorder.unsaved == 0)
    assert event.id in ids(tmp_path)


def test_a_full_outbox_takes_no_more_and_the_log_has_the_event(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(tmp_path, most=2)
    recorder.record(Recorded(Event("push", "a"), ["x", "y"]))
    assert eventually(lambda: recorder.pending() == 2)
    lost = Event("push", "a")
    recorder.record(Recorded(lost, ["x"]))
    recorder.close()
    assert recorder.lost == 1
    assert lost.id in caplog.text
    assert lost.id not in ids(tmp_path)


def test_pulls_are_in_a_file_soon_and_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    made = [Event("pull", "a") for _ in range(100)]
    for event in made[:50]:
        journal.add(event)
    assert eventually(lambda: sum(len(events) for _, events in read_journals(tmp_path)) == 50)
    for event in made[50:]:
        journal.add(event)
    journal.close()
    assert [event for _, events in read_journals(tmp_path) for event in events] == made


def test_a_line_that_is_no_event_is_told_and_the_others_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path)
    journal.add(Event("pull", "a"))
    journal.close()
    (path,) = (path for path, _ in read_journals(tmp_path))
    path.write_bytes(b'{"action": "dance"}\n' + path.read_bytes())
    ((_, events),) = read_journals(tmp_path)
    assert len(events) == 1
    assert "line 1 of" in caplog.text
