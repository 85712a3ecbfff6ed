"""A full disk, a corrupt file, many pending events, and two hosts with one outbox."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from sqlite3 import connect

import pytest
from support.content import digest_of
from support.services.notified import ask, notified
from support.services.programs import need_root
from support.services.receiver import Receiver
from support.services.registry import Registry

from entrepot_contract.testing.server.running import eventually

MIB = 2**20
MANY = 100_000


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    need_root(request, "mount a small disk")
    path = tmp_path / "small-disk"
    path.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(path)), check=True, capture_output=True)
    yield path
    subprocess.run(("umount", str(path)), check=True, capture_output=True)


Starter = Callable[..., Registry]


@pytest.fixture
def start() -> Iterator[Starter]:
    """Return a function that starts a host, which is stopped at the end."""
    started: list[Registry] = []

    def run(folder: Path, outbox: Path, *endpoints: dict[str, object]) -> Registry:
        registry = notified(folder, outbox, *endpoints)
        started.append(registry)
        registry.start()
        return registry

    yield run
    for registry in started:
        registry.stop()


def endpoint(receiver: Receiver, **more: object) -> dict[str, object]:
    return {"name": "x", "url": receiver.url, "timeout": "5s", "threshold": 3, "backoff": "200ms", **more}


def push(registry: Registry, *names: str) -> None:
    for name in names:
        assert registry.wire.push_blob("team/a", name.encode()).status == 201


def test_a_full_disk_rejects_a_push_and_earlier_events_are_delivered_after_a_kill(
    tmp_path: Path, small_disk: Path, receiver: Receiver, start: Starter
) -> None:
    registry = start(tmp_path, small_disk / "outbox", endpoint(receiver))
    push(registry, "before", "deleted")
    assert eventually(lambda: len(receiver.ids) == 2, seconds=60)
    ballast = small_disk / "ballast"
    file = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(file, b"x" * 4096)
    os.close(file)
    contents = [f"full {number}".encode() for number in range(20)]
    answers = {digest_of(content): registry.wire.push_blob("team/a", content).status for content in contents}
    assert set(answers.values()) - {201} == {507}
    assert registry.wire.request("DELETE", f"/v2/team/a/blobs/{digest_of(b'deleted')}").status == 202
    registry.service.kill()
    assert registry.service.output().count("outbox not writable") <= 4  # at most one per worker
    assert "Traceback" not in registry.service.output()
    ballast.unlink()
    registry.start(seconds=90)
    push(registry, "after")
    stored = {digest for digest, status in answers.items() if status == 201}
    expected = stored | {digest_of(content) for content in (b"before", b"deleted", b"after")}
    assert eventually(lambda: receiver.digests("push") >= expected, seconds=60)
    # Not rejected pushes. The event of the deletion is lost with the process, unless its worker had room in its file.
    assert receiver.digests("push") == expected


@pytest.mark.parametrize("when", ["before the start", "while it runs"])
def test_a_corrupt_file_is_kept_and_pushes_succeed(
    tmp_path: Path, receiver: Receiver, start: Starter, when: str
) -> None:
    outbox = tmp_path / "outbox"
    if when == "before the start":
        outbox.mkdir()
        (outbox / "outbox.db").write_bytes(b"this is no database " * 1000)
    registry = start(tmp_path, outbox, endpoint(receiver))
    if when == "while it runs":
        push(registry, "first")
        assert eventually(lambda: len(receiver.ids) == 1)
        # The result of the delivery is written after it: a commit at the same time as the damage would repair it.
        assert eventually(lambda: time.time() - max(one.stat().st_mtime for one in outbox.glob("outbox.db*")) > 1.5)
        with (outbox / "outbox.db").open("r+b") as file:
            file.write(b"this is no database " * 1000)
        for end in ("-wal", "-shm"):
            with (outbox / f"outbox.db{end}").open("r+b") as file:
                file.write(b"\0" * 4096)
    before = len(receiver.ids)
    push(registry, "a", "b", "c")
    assert eventually(lambda: len(set(receiver.ids)) >= before + 3, seconds=60)
    aside = [path for path in outbox.glob("outbox.db.broken-*") if not path.name.endswith(("-wal", "-shm"))]
    assert [path.read_bytes()[:20] for path in aside] == [b"this is no database "]


def fill(outbox: Path, count: int) -> None:
    """Write pending deliveries to endpoint x directly into the tables of the outbox."""
    now = time.time()
    with closing(connect(outbox / "outbox.db")) as connection, connection:
        number = connection.execute("SELECT number FROM endpoints WHERE name = 'x'").fetchone()[0]
        last = connection.execute("SELECT max(seq) FROM events").fetchone()[0]
        for seq in range(last + 1, last + 1 + count):
            body = {"action": "push", "repository": f"r{seq % 50}", "id": f"e{seq}", "url": "http://r/" + "x" * 300}
            row = (seq, body["id"], now, "push", body["repository"], json.dumps(body).encode())
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)
            delivery = (seq, number, body["repository"], now)
            connection.execute("INSERT INTO deliveries VALUES (?, ?, ?, 0, 0, ?, NULL)", delivery)


def memory_of_notifier(outbox: Path) -> int:
    """Return the peak memory of the notifier in bytes, or 0 if it does not run."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if b"entrepot.notify" in (process / "cmdline").read_bytes() and any(
                    str(outbox) in str(link.readlink()) for link in (process / "fd").iterdir()
                ):
                    text = (process / "status").read_text()
                    return 1024 * int(next(line for line in text.splitlines() if line.startswith("VmHWM")).split()[1])
            except OSError:
                continue
    return 0


def test_many_pending_events_do_not_delay_the_start_or_fill_memory(
    tmp_path: Path, receiver: Receiver, start: Starter, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = tmp_path / "outbox"
    began = time.monotonic()
    registry = start(tmp_path, outbox, endpoint(receiver, batch=100))
    without = time.monotonic() - began
    push(registry, "first")
    assert eventually(lambda: len(receiver.ids) == 1)
    few = memory_of_notifier(outbox)
    registry.stop()
    fill(outbox, MANY)
    began = time.monotonic()
    registry.start(seconds=60)
    with_many = time.monotonic() - began
    push(registry, "second")
    assert eventually(lambda: len(receiver.taken) > 100, seconds=60)
    many = memory_of_notifier(outbox)
    with capsys.disabled():
        print(  # noqa: T201 - the numbers are the result of the test
            f"\nstarted in {with_many:.2f} s with {MANY} pending events, in {without:.2f} s without; "
            f"peak memory of the notifier {many / MIB:.0f} MiB, with one event {few / MIB:.0f} MiB"
        )
    assert 0 < many < few + 32 * MIB
    assert with_many < 2 * without + 2


def test_two_hosts_with_one_outbox_deliver_nothing_twice(tmp_path: Path, receiver: Receiver, start: Starter) -> None:
    outbox = tmp_path / "outbox"
    hosts = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        hosts.append(start(tmp_path / name, outbox, endpoint(receiver)))
    for number in range(40):
        push(hosts[number % 2], f"{number}")
    assert eventually(lambda: len(set(receiver.ids)) == 40, seconds=60)
    assert len(receiver.ids) == 40
    hosts[0].stop()
    push(hosts[1], "last")
    assert eventually(lambda: len(receiver.ids) == 41, seconds=60)
    states = "SELECT state, count(*) FROM deliveries GROUP BY state"
    assert eventually(lambda: ask(outbox, states) == [(1, 41)])
