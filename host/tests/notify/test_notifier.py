"""The notifier process: one per outbox, whichever process is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.config.notifications import EndpointConfig, OutboxConfig
from entrepot.notify.model import Recorded
from entrepot.notify.outbox import Outbox
from entrepot.notify.settings import SETTINGS, NotifySettings
from entrepot.notify.supervisor import Supervisor
from entrepot_contract.events import Event
from entrepot_contract.testing.server.running import eventually

PLUGIN = """
from entrepot_contract import DriverOptions
from entrepot_contract.notify import NotificationSink

class Options(DriverOptions):
    path: str

class Lines(NotificationSink):
    name, contract, Options = "lines", (1, 0), Options
    def __init__(self, options):
        self._path = options.path
    def deliver(self, events, timeout):
        with open(self._path, "a") as file:
            file.writelines(event.id + chr(10) for event in events)
    def close(self):
        pass
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NotifySettings:
    """Settings with one endpoint, whose sink is installed for this test only and writes ids to a file."""
    installed = tmp_path / "installed"
    about = installed / "lines-1.dist-info"
    about.mkdir(parents=True)
    (installed / "lines.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: lines\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[entrepot.notify]\nlines = lines:Lines\n")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    endpoint = EndpointConfig.model_validate({"name": "x", "sink": "lines", "path": str(tmp_path / "taken")})
    return NotifySettings(OutboxConfig(path=str(tmp_path / "outbox")), (endpoint,))


@pytest.fixture
def outbox(settings: NotifySettings) -> Iterator[Outbox]:
    outbox = Outbox(Path(settings.outbox.path))
    yield outbox
    outbox.close()


def taken(folder: Path) -> list[str]:
    """Returns the ids that the sink has received."""
    path = folder / "taken"
    return path.read_text().split() if path.exists() else []


def notifiers(settings: NotifySettings) -> list[int]:
    """Returns the processes that have the outbox's lock file open, which a notifier holds permanently."""
    wanted = os.path.join(settings.outbox.path, "notifier.lock")
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            if wanted in {os.readlink(link) for link in (process / "fd").iterdir()}:
                found.append(int(process.name))
        except OSError:
            continue
    return found


def record(outbox: Outbox) -> str:
    """Record a new event, and return its id."""
    event = Event("push", "a")
    outbox.record([Recorded(event, ["x"])])
    return event.id


def test_there_is_one_notifier_for_any_number_of_workers(
    tmp_path: Path, settings: NotifySettings, outbox: Outbox
) -> None:
    supervisors = [Supervisor(settings) for _ in range(3)]
    made = [record(outbox) for _ in range(10)]
    assert eventually(lambda: taken(tmp_path) == made)
    assert len(notifiers(settings)) == 1
    for supervisor in supervisors:
        supervisor.close()
    assert notifiers(settings) == []


def test_a_killed_notifier_is_replaced(tmp_path: Path, settings: NotifySettings, outbox: Outbox) -> None:
    supervisor = Supervisor(settings)
    first = record(outbox)
    assert eventually(lambda: taken(tmp_path) == [first])
    os.kill(notifiers(settings)[0], signal.SIGKILL)
    second = record(outbox)
    assert eventually(lambda: taken(tmp_path)[-1] == second)
    supervisor.close()


def test_a_notifier_ends_with_its_killed_worker_and_another_worker_starts_one(
    tmp_path: Path, settings: NotifySettings, outbox: Outbox
) -> None:
    code = (
        "import sys, time\nfrom entrepot.notify.supervisor import Supervisor\n"
        "from entrepot.notify.settings import SETTINGS\n"
        "Supervisor(SETTINGS.validate_json(sys.argv[1])); time.sleep(600)\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", code, SETTINGS.dump_json(settings)])
    first = record(outbox)
    assert eventually(lambda: taken(tmp_path) == [first])
    supervisor = Supervisor(settings)
    (of_worker,) = notifiers(settings)
    worker.kill()
    worker.wait()
    assert eventually(lambda: notifiers(settings) not in ([], [of_worker]))
    second = record(outbox)
    assert eventually(lambda: taken(tmp_path)[-1] == second)
    assert len(notifiers(settings)) == 1
    supervisor.close()
    assert notifiers(settings) == []
