"""Kill -9 at random moments while clients push: a blob or manifest is whole, or it is not there."""

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
from services.push import missing_parts
from services.registry import Registry
from services.wire import digest_of

from .pusher import Pusher

PUSHERS = 3


@contextmanager
def _pushing(host: Registry, seed: int) -> Iterator[list[Pusher]]:
    pushers = [Pusher(host.wire, f"team{number}/app", seed + number) for number in range(PUSHERS)]
    for pusher in pushers:
        pusher.start()
    try:
        yield pushers
    finally:
        for pusher in pushers:
            pusher.stop()


def _kill_whole(host: Registry) -> None:
    host.service.kill()
    host.start()


def _kill_worker(host: Registry) -> None:
    first, *others = _workers(host)
    os.kill(first, signal.SIGKILL)
    end = time.monotonic() + 10
    while len(_workers(host)) < len(others) + 1 or first in _workers(host) or not host.answers():
        assert host.service.running, f"the host ended with its worker:\n{host.service.tail()}"
        assert time.monotonic() < end, f"no worker took the place of the killed one:\n{host.service.tail()}"
        time.sleep(0.05)


def _workers(host: Registry) -> list[int]:
    return [pid for pid in host.service.pids() if _parent(pid) == host.service.pid and b"spawn_main" in _command(pid)]


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return None


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@pytest.mark.parametrize(
    ("server", "kills", "kill"),
    [("granian", 12, _kill_whole), ("granian", 10, _kill_worker), ("waitress", 12, _kill_whole)],
    ids=["granian", "one-worker-of-granian", "waitress"],
)
def test_every_kill_leaves_each_blob_and_manifest_whole_or_absent(
    host: Registry, root: Path, kills: int, kill: Callable[[Registry], None]
) -> None:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")  # noqa: T201  # pytest shows it beside a failure
    random = Random(seed)  # noqa: S311  # moments, not secrets

    with _pushing(host, seed) as pushers:
        for _ in range(kills):
            time.sleep(random.uniform(0.02, 0.5))
            kill(host)
    _kill_whole(host)

    interrupted = [attempt for pusher in pushers for attempt in pusher.attempts if not attempt.created]
    assert len(interrupted) > kills // 3, "the kills met no pushes, so this test shows nothing"
    _assert_files_whole(root)
    for pusher in pushers:
        assert pusher.surprises == []
        _assert_answers_kept(host, pusher)
        _assert_listed_whole(host, pusher)
        _assert_retries_succeed(host, pusher)
    _assert_files_whole(root)


def _assert_files_whole(root: Path) -> None:
    found = list(root.glob("docker/registry/v2/blobs/sha256/*/*/data"))
    assert found
    for data in found:
        assert sha256(data.read_bytes()).hexdigest() == data.parent.name


def _assert_answers_kept(host: Registry, pusher: Pusher) -> None:
    for attempt in pusher.attempts:
        for blob in attempt.image.blobs:
            answer = host.wire.blob(pusher.repository, digest_of(blob))
            known = digest_of(blob) in attempt.blobs_created
            assert answer.status == 200 or (answer.status == 404 and not known), f"{attempt.tag}: {answer}"
            assert answer.status == 404 or answer.body == blob
        if attempt.created:
            assert missing_parts(host.wire, pusher.repository, attempt.image, attempt.tag) == []


def _assert_listed_whole(host: Registry, pusher: Pusher) -> None:
    attempts = {attempt.tag: attempt for attempt in pusher.attempts}
    listed = host.wire.tags(pusher.repository)
    assert {attempt.tag for attempt in pusher.attempts if attempt.created} <= set(listed)
    for tag in listed:
        assert missing_parts(host.wire, pusher.repository, attempts[tag].image, tag) == []


def _assert_retries_succeed(host: Registry, pusher: Pusher) -> None:
    for attempt in pusher.attempts:
        if not attempt.created:
            assert pusher.push(attempt), pusher.surprises
            assert missing_parts(host.wire, pusher.repository, attempt.image, attempt.tag) == []
