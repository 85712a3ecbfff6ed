"""Signals of log rotation programs, sent to every process of a running host."""

from __future__ import annotations

import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest
from host.tests.cli.test_commands import serving

NOT_THE_END = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP)


def tree(parent: int) -> list[int]:
    """Returns a process and all its descendants."""
    below = " ".join((thread / "children").read_text() for thread in Path(f"/proc/{parent}/task").iterdir())
    return [parent, *(one for child in map(int, below.split()) for one in tree(child))]


def is_notifier(process: int) -> bool:
    """Returns whether a process delivers notifications."""
    return b"entrepot.notify" in Path(f"/proc/{process}/cmdline").read_bytes()


def is_alive(process: int) -> bool:
    """Returns whether a process runs and is not a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("server", ["granian", "gunicorn", "waitress"])
def test_signals_of_log_rotation_end_no_process(tmp_path: Path, server: str) -> None:
    environ = {
        "REGISTRY_HTTP_SERVER": server,
        "REGISTRY_HTTP_WORKERS": "1",
        "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_NAME": "a",
        "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL": "http://127.0.0.1:9/",
        "REGISTRY_NOTIFICATIONS_OUTBOX_PATH": str(tmp_path / "outbox"),
    }
    with serving(tmp_path, **environ) as (process, address):
        urllib.request.urlopen(f"{address}v2/", timeout=20).close()  # noqa: S310 - our own address
        deadline = time.monotonic() + 60
        while not any(map(is_notifier, before := tree(process.pid))):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        names = {one: Path(f"/proc/{one}/cmdline").read_bytes() for one in before}
        for one in reversed(before):
            for number in NOT_THE_END:
                # On SIGHUP, granian's parent process replaces its workers one by one.
                if not (server == "granian" and one == process.pid and number == signal.SIGHUP):
                    os.kill(one, number)
        time.sleep(1)
        assert [one for one in before if not is_alive(one)] == [], (names, process.pid, before)
        os.kill(process.pid, signal.SIGHUP)
        time.sleep(0.5)
        urllib.request.urlopen(f"{address}v2/", timeout=120).close()  # noqa: S310 - our own address
        assert is_alive(process.pid)
