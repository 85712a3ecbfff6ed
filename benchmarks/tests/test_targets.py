from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest
from falcon.testing import TestClient
from support.services.moto import Moto
from support.services.network import free_port
from support.services.programs import need_root
from support.services.s3 import s3_options

from entrepot.http import create_app
from entrepot.plugins import load_storage
from entrepot.registry import Registry
from entrepot.settings import HttpSettings, PurgeSettings, RegistrySettings
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.image import digest_of
from entrepot_benchmarks.load.wire import Connection, Origin
from entrepot_benchmarks.targets.family import Family, listener
from entrepot_benchmarks.targets.peer import PeerAddress
from entrepot_benchmarks.targets.process import ServerProcess
from entrepot_benchmarks.targets.stored import StoredData
from entrepot_contract import StorageDriver

OTHERS = ("other/app", "bench-12/x", "bench-1x/y", "benches/z")
"""Repositories that do not belong to the run ``bench-1``, with similar names."""


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    """S3, for all tests."""
    with Moto() as server:
        yield server


@pytest.fixture(params=["filesystem", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Mapping[str, object]]:
    """A driver and its options."""
    if request.param == "filesystem":
        return "filesystem", {"rootdirectory": str(tmp_path / "store")}
    return "s3", s3_options(request.getfixturevalue("moto"))


@pytest.fixture
def driver(store: tuple[str, Mapping[str, object]]) -> Iterator[StorageDriver]:
    """The opened driver."""
    opened = load_storage(store[0]).from_config(store[1])
    yield opened
    opened.close()


@pytest.fixture
def registry(driver: StorageDriver) -> TestClient:
    """A registry on the driver, in this process."""
    registry = Registry(driver, RegistrySettings(purge=PurgeSettings(enabled=False)), None)
    return TestClient(create_app(registry, HttpSettings(secret=bytes(32), redirect=False, access_log=False)))


def keys(driver: StorageDriver) -> list[str]:
    """Return all keys."""
    return [item.key for item in driver.list_objects()]


def push(registry: TestClient, repository: str) -> str:
    """Push a unique blob to a repository. Return its digest."""
    data = repository.encode() * 100
    path = f"/v2/{repository}/blobs/uploads/?digest={digest_of(data)}"
    assert registry.simulate_post(path, body=data, headers=OCTETS).status_code == 201
    return digest_of(data)


def begin(registry: TestClient, repository: str) -> None:
    """Start an upload that is large enough to be passed to the driver, and leave it unfinished."""
    begun = registry.simulate_post(f"/v2/{repository}/blobs/uploads/")
    location = begun.headers["location"].partition("falconframework.org")[2]
    answer = registry.simulate_patch(location, body=bytes(6 * 2**20), headers=OCTETS)
    assert answer.status_code == 202


OCTETS = {"Content-Type": "application/octet-stream"}


def test_forget_run_removes_only_the_data_of_the_run(
    store: tuple[str, Mapping[str, object]], driver: StorageDriver, registry: TestClient
) -> None:
    for repository in OTHERS:
        push(registry, repository)
    begin(registry, OTHERS[0])
    begin(registry, OTHERS[2])
    before = keys(driver)
    for repository in ("bench-1/x", "bench-1/deeper/y"):
        push(registry, repository)
        begin(registry, repository)
    assert len(keys(driver)) > len(before)
    StoredData(*store).forget_run("bench-1")
    assert keys(driver) == before
    StoredData(*store).forget_run("bench-1")
    assert keys(driver) == before


def test_forget_removes_only_the_given_repositories_and_blobs(
    store: tuple[str, Mapping[str, object]], driver: StorageDriver, registry: TestClient
) -> None:
    for repository in (*OTHERS, "bench-1/stays"):
        push(registry, repository)
    before = keys(driver)
    digest = push(registry, "bench-1/turn")
    StoredData(*store).forget(["bench-1/turn", "bench-1/never"], [digest, digest_of(b"never pushed")])
    assert keys(driver) == before


def test_failed_deletions_are_retried(tmp_path: Path) -> None:
    options = {"rootdirectory": str(tmp_path / "store")}
    driver = load_storage("filesystem").from_config(options)
    registry = TestClient(
        create_app(
            Registry(driver, RegistrySettings(purge=PurgeSettings(enabled=False)), None),
            HttpSettings(secret=bytes(32), access_log=False),
        )
    )
    kept = push(registry, "other/app")
    digest = push(registry, "bench-1/turn")
    stored = StoredData("filesystem", options)
    (tmp_path / "store").rename(tmp_path / "away")
    (tmp_path / "store").write_text("no directory")
    with pytest.raises(BenchmarkError, match=r"^storage filesystem: "):
        stored.forget(["bench-1/turn"], [digest])
    (tmp_path / "store").unlink()
    (tmp_path / "away").rename(tmp_path / "store")
    stored.forget_due()
    assert [key for key in keys(driver) if "bench-1" in key or digest[7:] in key] == []
    assert any(kept[7:] in key for key in keys(driver))


TREE = """
import subprocess, sys, time
busy = "import time; end = time.process_time() + 0.4\\nwhile time.process_time() < end: pass"
subprocess.run([sys.executable, "-c", busy])
print("ended", flush=True)
worker = subprocess.Popen([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"])
time.sleep(60)
"""


def test_a_family_is_a_process_with_its_descendants() -> None:
    process = subprocess.Popen([sys.executable, "-c", TREE], stdout=subprocess.PIPE, process_group=0)
    assert process.stdout is not None
    try:
        assert [process.stdout.readline() for _ in range(2)] == [b"ended\n", b"up\n"]
        family = Family(lambda: process.pid)
        there = family.known
        assert there
        pids = family.pids()
        assert (len(pids), pids[0]) == (2, process.pid)
        assert family.cpu_seconds() >= 0.4, "including the child that has exited"
        memory, alone = family.memory(), psutil.Process(process.pid).memory_full_info().pss
        assert memory is not None
        assert memory > alone > 0
    finally:
        os.killpg(process.pid, 9)
        process.wait()
        process.stdout.close()
    assert not family.known
    assert (list(family.pids()), family.cpu_seconds(), family.memory()) == ([], 0, 0)
    assert not Family(lambda: None).known


def test_the_memory_of_a_process_of_another_user_is_unknown(request: pytest.FixtureRequest) -> None:
    need_root(request, "look at a process as another user")
    process = os.fork()
    if process == 0:
        os.setresuid(65534, 65534, 65534)
        family = Family(os.getppid)
        os._exit(0 if family.memory() is None and family.cpu_seconds() > 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def test_a_listening_process_on_this_machine_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listener("127.0.0.1", port) == listener("localhost", port) == os.getpid()
        assert listener("192.0.2.1", port) is None
        assert listener("127.0.0.2", port) is None
        assert listener("no.such.host.invalid", port) is None
    assert listener("127.0.0.1", free_port()) is None


def test_a_server_that_exits_at_the_start_is_reported_with_its_last_output(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('one\\nthe disk is missing', flush=True); raise SystemExit(3)"]
    with pytest.raises(BenchmarkError) as raised:
        ServerProcess(command, free_port(), tmp_path / "log")
    assert str(raised.value) == "its process exited with status 3; last output: the disk is missing"


def test_stop_also_kills_workers_of_a_killed_parent(tmp_path: Path) -> None:
    port = free_port()
    work = f"import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"]
    server = ServerProcess(command, port, tmp_path / "log")
    running = server.ended
    assert running is None
    parent, worker = server.family.pids()
    os.kill(parent, 9)
    while (ended := server.ended) is None:
        time.sleep(0.01)
    assert ended == "its process was killed by SIGKILL"
    assert psutil.pid_exists(worker)
    server.stop()
    psutil.wait_procs([psutil.Process(worker)] if psutil.pid_exists(worker) else [], timeout=10)
    assert not psutil.pid_exists(worker) or psutil.Process(worker).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("text", "name", "origin"),
    [
        ("http://127.0.0.1:5000", "127.0.0.1:5000", Origin("127.0.0.1", 5000)),
        ("https://registry.example/", "registry.example:443", Origin("registry.example", 443, tls=True)),
        ("http://[::1]:5000", "[::1]:5000", Origin("::1", 5000)),
        ("next door=http://host:1", "next door", Origin("host", 1)),
        ("http://me:a%40b=c@host:1", "host:1", Origin("host", 1, headers={"Authorization": "Basic bWU6YUBiPWM="})),
    ],
)
def test_a_peer_has_the_given_name_or_its_address(text: str, name: str, origin: Origin) -> None:
    address = PeerAddress.of(text)
    assert (address.name, address.origin) == (name, origin)
    assert "bWU6" not in repr(address)


def test_a_refused_connection_leaves_no_socket() -> None:
    with pytest.raises(BenchmarkError):
        Connection(Origin("127.0.0.1", free_port()))
    assert not [one for one in psutil.Process().net_connections("tcp") if one.status == psutil.CONN_SYN_SENT]
