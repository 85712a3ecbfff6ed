"""Many images, an unreliable endpoint, and many kill -9: every push with a 201 response is notified."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Final

import pytest
from support.content import digest_of
from support.images import package, random_files
from support.services.notified import ask, notified
from support.services.receiver import Mood, Receiver
from support.services.registry import Registry
from support.wire import WireError

from entrepot_contract.testing.server.running import eventually

CLIENTS: Final = 6
FLAPS: Final[list[tuple[Mood, int]]] = [
    ("takes", 200),
    ("answers", 500),
    ("takes", 200),
    ("cuts", 0),
    ("takes", 200),
    ("answers", 429),
    ("takes", 200),
    ("hangs", 0),
]


class Pushers:
    """Clients that push images until all exist. ``answered`` counts the 201 responses for each image."""

    def __init__(self, registry: Registry, images: int) -> None:
        self.answered: Counter[tuple[str, str, str | None]] = Counter()
        self.repeats = 0
        self.images = 0
        self._registry = registry
        self._numbers: Iterator[int] = iter(range(images))
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until all images exist."""
        for thread in self._threads:
            thread.join()

    @property
    def busy(self) -> bool:
        """Return whether there are still images to push."""
        return any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while (number := self._next()) is not None:
            repository = f"team/{number % 7}"
            image = package(random_files(number, 200))
            for blob in image.blobs:
                self._push_until_created(repository, digest_of(blob), None, blob)
            self._push_until_created(repository, image.digest, f"v{number}", image.manifest)
            with self._lock:
                self.images += 1

    def _next(self) -> int | None:
        with self._lock:
            return next(self._numbers, None)

    def _push_until_created(self, repository: str, digest: str, tag: str | None, data: bytes) -> None:
        while True:
            try:
                if tag is None:
                    answer = self._registry.wire.push_blob(repository, data)
                else:
                    answer = self._registry.wire.push_manifest(repository, tag, data)
            except (WireError, AssertionError):  # no response, or that of a host which is shutting down
                answer = None
            with self._lock:
                if answer is not None and answer.status == 201:
                    self.answered[repository, digest, tag] += 1
                    return
                self.repeats += 1
            time.sleep(0.1)


class Flapping(threading.Thread):
    """An endpoint that changes its behaviour and disappears, until ``settle`` is called."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(daemon=True)
        self._receiver = receiver
        self._stop_flapping = threading.Event()
        self.flaps = 0
        self.start()

    def run(self) -> None:
        """Change the behaviour repeatedly."""
        for mood, status in cycle(FLAPS):
            self._receiver.status, self._receiver.mood = status, mood
            self._receiver.headers = {"Retry-After": "1"} if status == 429 else {}
            self.flaps += 1
            if self.flaps % 5 == 0:
                self._receiver.stop()
                time.sleep(0.3)
                self._receiver.start()
            if self._stop_flapping.wait(0.7):
                self._receiver.mood = "takes"
                return

    def settle(self) -> None:
        """Accept all events from now on."""
        self._stop_flapping.set()
        self.join()


def test_every_push_with_a_201_response_is_notified_despite_kills(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], thorough: bool
) -> None:
    images, kills_wanted = (500, 20) if thorough else (110, 6)
    with Receiver() as receiver:
        registry = start(tmp_path, receiver)
        flapping, pushers = Flapping(receiver), Pushers(registry, images)
        kills = notifiers_killed = 0
        while kills < kills_wanted:
            due = images * kills // (kills_wanted + 1)
            assert eventually(lambda due=due: pushers.images >= due, seconds=120)  # type: ignore[misc]  # mypy 2.0 cannot infer a lambda with a default
            assert pushers.busy
            if kills % 3 == 2:
                notifiers_killed += kill_notifier(tmp_path / "outbox")
            registry.service.kill()
            registry.start(seconds=60)
            kills += 1
        pushers.join()
        flapping.settle()
        expected = set(pushers.answered)

        def missing() -> int:
            return len(expected - set(arrivals(receiver)))

        assert eventually(lambda: not missing() and not pending(tmp_path / "outbox"), seconds=200), missing()
        registry.stop()
        ids, kept = receiver.ids, recorded(tmp_path / "outbox")
        counts = arrivals(receiver)

    answered = sum(pushers.answered.values())
    with capsys.disabled():
        print(  # noqa: T201 - the numbers are the result of the test
            f"\n{images} images pushed, {answered} pushes answered 201, {pushers.repeats} repeated; "
            f"{kills} kill -9 of the host, {notifiers_killed} of the notifier; {flapping.flaps} moods of the endpoint; "
            f"{len(set(ids))} events arrived, {len(ids) - len(set(ids))} of them again; "
            f"missing of those answered 201: {len(expected - set(counts))}"
        )
    assert answered >= 3 * images
    assert all(counts[one] >= times for one, times in pushers.answered.items())
    assert kept <= set(ids)
    assert pushers.repeats >= kills // 2  # the kills interrupted pushes


def start(folder: Path, receiver: Receiver) -> Registry:
    """Start a host that notifies the receiver."""
    endpoint = {"name": "flapping", "url": receiver.url, "timeout": "500ms", "threshold": 5, "backoff": "200ms"}
    registry = notified(folder, folder / "outbox", endpoint)
    registry.start()
    return registry


def arrivals(receiver: Receiver) -> Counter[tuple[str, str, str | None]]:
    """Return how many different events arrived for each pushed image."""
    found = {}
    for one in list(receiver.taken):
        for event in one.events():
            target = event["target"]
            assert isinstance(target, dict)
            if event["action"] == "push":
                found[str(event["id"])] = (target["repository"], target["digest"], target.get("tag"))
    return Counter(found.values())


def kill_notifier(outbox: Path) -> int:
    """Kill the process that holds the notifier's lock. Return how many were found."""
    wanted = str(outbox / "notifier.lock")
    killed = 0
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if wanted in {os.readlink(link) for link in (process / "fd").iterdir()}:
                os.kill(int(process.name), signal.SIGKILL)
                killed += 1
        except OSError:
            continue  # it has exited, or belongs to another user
    return killed


def pending(outbox: Path) -> int:
    """Return the number of pending deliveries, read from the outbox without entrepot."""
    return int(ask(outbox, "SELECT count(*) FROM deliveries WHERE state != 1")[0][0])


def recorded(outbox: Path) -> set[str]:
    """Return the ids of all events, read from the outbox without entrepot."""
    return {str(row[0]) for row in ask(outbox, "SELECT id FROM events")}
