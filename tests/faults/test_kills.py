"""Kill -9 at random times while clients push: each blob and manifest is complete or absent."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from support.content import digest_of
from support.push import missing_parts
from support.services.registry import Registry

from .pusher import Attempt, Pusher

PUSHERS = 3
MAX_KILLS = 60


@contextmanager
def _pushing(host: Registry, seed: int) -> Iterator[list[Pusher]]:
    pushers = [Pusher(host, f"team{number}/app", seed + number) for number in range(PUSHERS)]
    for pusher in pushers:
        pusher.start()
    try:
        yield pushers
    finally:
        for pusher in pushers:
            pusher.stop()


def _kill_host(host: Registry) -> None:
    host.service.kill()
    host.start()


def _kill_worker(host: Registry) -> None:
    first, *others = _workers(host)
    os.kill(first, signal.SIGKILL)
    end = time.monotonic() + 10
    while len(_workers(host)) < len(others) + 1 or first in _workers(host) or not host.answers():
        assert host.service.running, f"the host exited together with its worker:\n{host.service.tail()}"
        assert time.monotonic() < end, f"the killed worker was not replaced:\n{host.service.tail()}"
        time.sleep(0.05)


def _workers(host: Registry) -> list[int]:
    """Return the workers, oldest first."""
    found = {pid: stat for pid in host.service.pids() if (stat := _stat(pid)) and int(stat[1]) == host.service.pid}
    return sorted(found, key=lambda pid: int(found[pid][19]))  # by start time, because pids wrap around


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on, or nothing if the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


@pytest.mark.parametrize(
    ("server", "kills", "kill"),
    [("granian", 4, _kill_host), ("granian", 8, _kill_worker), ("waitress", 4, _kill_host)],
    ids=["granian", "one-worker-of-granian", "waitress"],
)
def test_after_each_kill_every_blob_and_manifest_is_complete_or_absent(
    host: Registry, root: Path, kills: int, kill: Callable[[Registry], None], thorough: bool
) -> None:
    kills *= 4 if thorough else 1
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")  # noqa: T201  # shown by pytest if the test fails
    random = Random(seed)  # noqa: S311  # delays, not secrets

    with _pushing(host, seed) as pushers:
        done = 0
        # A kill between two requests interrupts none. Repeat until enough kills have interrupted a push.
        while done < kills or sum(pusher.interrupted for pusher in pushers) <= kills // 3:
            assert done < MAX_KILLS, "no push was interrupted by a kill, so this test proves nothing"
            time.sleep(random.uniform(0.02, 0.5))
            kill(host)
            done += 1
    _kill_host(host)

    _assert_files_intact(root)
    for pusher in pushers:
        assert pusher.surprises == []
        tags = set(host.wire.tags(pusher.repository))
        assert tags <= {attempt.tag for attempt in pusher.attempts}
        for attempt in pusher.attempts:
            _assert_complete_or_absent(host, pusher.repository, attempt, listed=attempt.tag in tags)
            if not attempt.created:
                assert pusher.push(attempt), pusher.surprises
                assert missing_parts(host.wire, pusher.repository, attempt.image, attempt.tag) == []
    _assert_files_intact(root)


@pytest.mark.parametrize("server", ["granian"])
def test_workers_exit_when_their_parent_is_killed(host: Registry) -> None:
    os.kill(host.service.pid, signal.SIGKILL)
    host.service.wait(5)

    end = time.monotonic() + 10
    while left := host.service.pids():
        assert time.monotonic() < end, f"still running, and blocking the port: {left}"
        time.sleep(0.05)
    host.start()


def _assert_files_intact(root: Path) -> None:
    found = list(root.glob("docker/registry/v2/blobs/sha256/*/*/data"))
    assert found
    for data in found:
        assert sha256(data.read_bytes()).hexdigest() == data.parent.name


def _assert_complete_or_absent(host: Registry, repository: str, attempt: Attempt, *, listed: bool) -> None:
    assert listed or not attempt.created, f"{attempt.tag} got a 201 response but is not listed"
    if listed:
        assert missing_parts(host.wire, repository, attempt.image, attempt.tag) == []
        return
    assert host.wire.manifest(repository, attempt.tag).status == 404
    for blob in attempt.image.blobs:
        answer = host.wire.blob(repository, digest_of(blob))
        created = digest_of(blob) in attempt.blobs_created
        assert answer.status == 200 or (answer.status == 404 and not created), f"{attempt.tag}: {answer.status}"
        assert answer.status == 404 or answer.body == blob
