"""Failures during a run: each is reported in one line, everything else is measured, and nothing is left behind."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import psutil
import pytest
import yaml
from support.bench import SHORT, Bench, Outcome, Started
from support.services.moto import Moto
from support.services.network import free_port
from support.services.process import STARTED
from support.services.programs import need, need_root
from support.services.s3 import s3_options

from entrepot_benchmarks.results.document import write_document

from .canned import Canned
from .existing_store import existing_store, files
from .page.small import backend, run_of
from .peer_registry import links, peer_registry, stored

SECRET = "of-the-tests-only"  # noqa: S105 - of these tests
IMAGES = "Push Small Images"


def options(folder: Path, name: str, values: dict[str, object]) -> str:
    """Write options to a file and return its path."""
    (folder / f"{name}.yml").write_text(yaml.safe_dump(values))
    return f"{folder / name}.yml"


def spells(outcome: Outcome, case: str, target: str) -> int:
    """Return the number of turns of a case with a result."""
    return sum(len(one.spells) for one in outcome.run.series if (one.case, one.target) == (case, target))


def check_partial(outcome: Outcome) -> None:
    """Check that the run is reported as partial, with the reasons."""
    assert outcome.status == 1, outcome.errors
    assert outcome.run.partial == "; ".join(line for line in outcome.faults if " keeps " not in line)
    assert f"partial: {outcome.run.partial}" in outcome.output
    assert outcome.run.partial in unescape(outcome.page)


def test_backends_and_peers_that_cannot_be_measured_are_reported(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    need(request, "docker-registry")
    closed, unused = free_port(), free_port()
    endpoint = f"http://127.0.0.1:{closed}"
    key = {"region": "us-east-1", "accesskey": "me", "secretkey": SECRET, "connecttimeout": 1}
    s3 = options(tmp_path, "s3", {"bucket": "b", "regionendpoint": endpoint, **key})
    backends = ("--backend", "inmemory", "--backend", f"far:s3={s3}")
    with peer_registry(tmp_path / "peer", deletes=False) as registry, Canned(b"SSH-2.0-OpenSSH_9.2\r\n\r\n") as other:
        ours = stored(tmp_path / "peer")
        peers = (f"door=http://{registry.address}", f"http://me:{SECRET}@127.0.0.1:{unused}", f"http://{other.address}")
        arguments = [word for peer in peers for word in ("--peer", peer)]
        started = Bench(tmp_path / "run").start(
            *backends, *arguments, *SHORT, "--case", IMAGES, "--case", "Get Tags", "--data", "data"
        )
        outcome = started.end()
        kept = stored(tmp_path / "peer")

    check_partial(outcome)
    assert [target.name for target in outcome.run.targets] == ["inmemory", "door"]
    assert [spells(outcome, case, name) for case in (IMAGES, "Get Tags") for name in ("inmemory", "door")] == [1] * 4
    far, unreachable, garbage, left = outcome.faults
    assert unreachable == f"127.0.0.1:{unused} skipped: 127.0.0.1:{unused} cannot be reached: Connection refused"
    assert garbage.startswith(f"{other.address} skipped: {other.address} is not an HTTP server: it sent 'SSH-2.0")
    assert far.startswith("far skipped: ")
    assert left == f"door keeps {len(kept)} blobs and manifests of this run: it answered 405 to DELETE"
    assert left in outcome.run.notes
    assert ours == []
    assert len(kept) > 5
    assert len(links(tmp_path / "peer")) == len(kept)
    peer = [one for one in outcome.run.series if one.target == "door"]
    assert all(spell.server_cpu is not None for one in peer for spell in one.spells)
    assert SECRET not in outcome.everything()


def clients_of(started: Started) -> list[int]:
    """Return the client processes of the load generator."""
    bench = started.process.pid
    return [one.pid for one in psutil.Process(bench).children() if "serve" not in one.cmdline()]


def kill(started: Started, *words: str) -> int:
    """Kill every process whose command line contains all the words. Return their number."""
    doomed = [one for one in started.processes() if all(word in " ".join(one.cmdline()) for word in words)]
    for process in doomed:
        process.kill()
    return len(doomed)


def test_a_store_a_client_and_then_a_host_are_killed_during_pushes(tmp_path: Path) -> None:
    one, other = existing_store(tmp_path / "one"), existing_store(tmp_path / "other")
    before = files(one)
    backends = [
        f"{store.name}:filesystem={options(tmp_path, store.name, {'rootdirectory': str(store)})}"
        for store in (one, other)
    ]
    cases = ("--case", IMAGES, "--case", "Push Monolith 1MB", "--case", "Pull 75%*")
    extent = ("--rounds", "1", "--seconds", "2", "--clients", "2")
    with Moto() as moto:
        backends.insert(0, f"s3={options(tmp_path, 's3', s3_options(moto))}")
        named = [word for backend in backends for word in ("--backend", backend)]
        started = Bench(tmp_path / "run").start(*named, *cases, *extent, "--data", "data")
        started.wait_for_output("round 1 of 1")
        started.wait_for(lambda: clients_of(started))
        # The last one, because other tests of this process may have started one too.
        [service for service in STARTED if service.name == "moto" and service.running][-1].kill()
        began = "docker/registry/v2/repositories/bench-*/push-{}-*/_layers/sha256/*/link"
        started.wait_for(lambda: any(one.glob(began.format("small-images"))))
        client = clients_of(started)[0]
        subprocess.run(("kill", "-9", str(client)), check=True)
        started.wait_for(lambda: any(other.glob(began.format("monolith-1mb"))))
        assert kill(started, "serve", "/other/config.yml") > 0
        outcome = started.end()

    check_partial(outcome)
    first, second, third, left = outcome.faults
    assert first.startswith(f"s3 skipped from {IMAGES} with 2 clients on, because it is gone: its storage is unhealthy")
    assert second.startswith(f"{IMAGES}, 2 clients, one: client ")
    assert second.endswith("of the load generator was killed by SIGKILL before it reported")
    gone = "because it is gone: its process was killed by SIGKILL"
    assert third == f"other skipped from Push Monolith 1MB with 2 clients on, {gone}"
    assert left.startswith("the remaining data of this run on s3 could not be removed: storage s3: ")
    assert spells(outcome, IMAGES, "s3") == spells(outcome, IMAGES, "one") == 0
    assert spells(outcome, "Push Monolith 1MB", "s3") == spells(outcome, "Push Monolith 1MB", "other") == 0
    assert spells(outcome, "Push Monolith 1MB", "one") == spells(outcome, IMAGES, "other") == 1
    failed = {(series.case, series.target) for series in outcome.run.series if series.failed}
    assert {("Pull 75% and Push 25% Mixed 1MB", name) for name in ("s3", "other")} <= failed
    assert {cost.target for cost in outcome.run.costs} == {"one"}
    assert moto.secret_key not in outcome.everything()
    assert files(one) == before
    own = {name: data for name, data in files(other).items() if not name.startswith(".entrepot/")}
    assert own == before, "everything except the temporary files of the driver, whose host was killed"


@pytest.fixture
def small_disk(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system of 24 MiB."""
    need_root(request, "mount a small disk")
    path = Path(tempfile.mkdtemp(prefix="small-disk-"))
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(path)), check=True, capture_output=True)
    yield path
    subprocess.run(("umount", str(path)), check=True, capture_output=True)
    shutil.rmtree(path)


def test_a_full_disk_is_reported_with_the_error_of_the_registry_and_the_rest_is_measured(
    small_disk: Path, tmp_path: Path
) -> None:
    store = existing_store(small_disk / "store")
    before = files(store)
    backend = f"filesystem={options(tmp_path, 'small', {'rootdirectory': str(store)})}"
    cases = ("Push Monolith 100MB", "Pull 75%*", IMAGES)
    named = [word for case in cases for word in ("--case", case)]
    outcome = Bench(tmp_path / "run").run("--backend", backend, *named, *SHORT)

    check_partial(outcome)
    full, uncounted = outcome.faults
    assert full.startswith("Push Monolith 100MB, 1 client, filesystem: PUT /v2/bench-")
    assert "answered 507" in full
    assert "errors" in full
    assert "cannot be counted" in uncounted
    assert (
        spells(outcome, IMAGES, "filesystem") == spells(outcome, "Pull 75% and Push 25% Mixed 1MB", "filesystem") == 1
    )
    assert files(store) == before


def test_output_files_that_do_not_fit_are_reported_in_one_line(small_disk: Path, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    write_document(run_of([backend("fs")], {("Pull", 1): {"fs": [1, 2]}}), tmp_path / "bench.json")
    with (small_disk / "filler").open("wb", buffering=0) as filler:
        for size in (2**20, 1):
            try:
                while filler.write(b"f" * size):
                    pass
            except OSError:
                continue
    page = small_disk / "report.html"
    report = bench.start("report", "bench.json", "--html", str(page)).end()
    assert (report.status, report.errors.count("\n")) == (1, 1)
    assert report.errors.startswith(f"Error: {page} could not be written (No space left on device)")

    file = small_disk / "values.json"
    started = bench.run("--backend", "inmemory", "--case", "Get Tags", *SHORT, "--json", str(file))
    assert started.status == 1
    assert started.errors.splitlines()[-1].startswith(f"Error: {file} could not be written (No space left on device)")
    assert [path.name for path in small_disk.iterdir()] == ["filler"]
