from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.trace.file import write_trace
from entrepot_benchmarks.trace.generate import generate
from entrepot_benchmarks.trace.record import HEADER, KINDS
from entrepot_benchmarks.trace.replay import ALL_REQUESTS, TraceReplay
from entrepot_benchmarks.trace.shape import LayerSizes, Shape
from entrepot_benchmarks.workload import Workload

LINES = (
    "0.0 GET tags app - -",
    "0.1 HEAD manifest app latest 900",
    "0.1 GET manifest app latest 900",
    "0.1 GET blob app base 100000",
    "0.2 HEAD blob app new absent",
    "0.2 PUT blob app new 32",
    "0.2 GET blob app new 32",
    "0.2 PUT blob app large 3000000",
    "0.2 PUT manifest app latest 1 large,new,base",
    "0.3 GET blob other base 100000",
    "0.3 GET manifest other v1 5000",
    "0.4 PUT manifest app bare 900",
    "0.4 GET manifest app bare 900",
    "0.4 GET manifest app gone absent",
    "0.5 GET blob app gone absent",
)


def trace_of(folder: Path, *lines: str) -> Path:
    file = folder / "some.trace"
    file.write_text("\n".join((HEADER, *lines)))
    return file


def stored(tree: Path) -> set[str]:
    """Return the paths of the stored blobs, manifests and links."""
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if path.name in ("data", "link")}


@pytest.fixture(autouse=True)
def nothing_is_left(tree: Path) -> Iterator[None]:
    """Check that every test removes its data."""
    yield
    assert stored(tree) == set()


@pytest.mark.parametrize("clients", [1, 4])
def test_every_kind_of_request_is_replayed_and_counted(tmp_path: Path, host: Target, run: str, clients: int) -> None:
    replay: Workload = TraceReplay(trace_of(tmp_path, *LINES), run, [clients])
    try:
        replay.prepare(host)
        replay.prepare(host)  # as after a restart of the server
        first = replay.turn(host, clients, 1.0)
        spells = replay.turn(host, clients, 1.0)
    finally:
        replay.forget(host)
    assert [case.name for case in replay.cases] == [ALL_REQUESTS, *(f"Trace, {kind}" for kind in KINDS)]
    assert {name: spell.operations for name, spell in spells.items()} == {
        ALL_REQUESTS: 15,
        "Trace, HEAD manifest": 1,
        "Trace, GET manifest": 4,
        "Trace, PUT manifest": 2,
        "Trace, HEAD blob": 1,
        "Trace, GET blob": 4,
        "Trace, PUT blob": 2,
        "Trace, GET tags": 1,
    }
    assert first.keys() == spells.keys()
    assert spells["Trace, PUT blob"].bytes == 3_000_032
    assert 200_032 < spells["Trace, GET blob"].bytes < 201_000, "including the body of the error"
    assert 6_800 < spells["Trace, GET manifest"].bytes < 8_000
    total = spells[ALL_REQUESTS]
    assert total.bytes == sum(spell.bytes for name, spell in spells.items() if name != ALL_REQUESTS)
    assert total.latencies == tuple(sorted(total.latencies))
    assert sum(total.latencies) < total.elapsed * clients
    assert 0 < total.generator_cpu < total.elapsed * clients
    assert total.server_cpu is not None


def test_each_turn_pushes_new_content(
    tmp_path: Path, host: Target, tree: Path, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = TraceReplay(trace_of(tmp_path, "0 PUT blob app new 5000", "0 GET blob app old 5000"), run)
    seen: list[set[str]] = []
    forget = host.forget

    def record_and_forget(repositories: Sequence[str], digests: Sequence[str]) -> None:
        seen.append(stored(tree))
        forget(repositories, digests)

    monkeypatch.setattr(host, "forget", record_and_forget)
    try:
        replay.prepare(host)
        standing = {path for path in stored(tree) if "/blobs/sha256/" in path and path.endswith("data")}
        for _ in range(2):
            replay.turn(host, 2, 1.0)
    finally:
        replay.forget(host)
    one, other = ({path for path in paths if path.endswith("data")} for paths in seen[:2])
    assert len(standing) == 1
    assert one & other == standing
    assert len(one) == len(other) == 2


def test_a_generated_trace_is_replayed_by_concurrent_clients(tmp_path: Path, host: Target, run: str) -> None:
    shape = Shape(requests=600, repositories=5, pushes=0.3, lists=0.1, sizes=LayerSizes(median=2_000, most=100_000))
    file = tmp_path / "made.trace"
    with file.open("w") as opened:
        write_trace(generate(2, shape), opened)
    replay = TraceReplay(file, run)
    try:
        replay.prepare(host)
        spells = replay.turn(host, 6, 1.0)
    finally:
        replay.forget(host)
    assert spells[ALL_REQUESTS].operations == 600
    assert len(spells[ALL_REQUESTS].latencies) == 200


@pytest.mark.parametrize(("speed", "least", "most"), [(1.0, 3.0, 60.0), (4.0, 0.75, 3.0)])
def test_times_are_followed_at_the_given_speed(
    tmp_path: Path, host: Target, run: str, speed: float, least: float, most: float
) -> None:
    replay = TraceReplay(trace_of(tmp_path, "0 GET tags app - -", "3 GET tags app - -"), run, speed=speed)
    try:
        replay.prepare(host)
        spells = replay.turn(host, 2, 1.0)
    finally:
        replay.forget(host)
    assert least <= spells[ALL_REQUESTS].elapsed < most


def test_with_a_speed_latencies_include_delays_of_the_client(tmp_path: Path, host: Target, run: str) -> None:
    lines = ["0 PUT blob app large 40000000", "0 GET tags app - -"]
    replay = TraceReplay(trace_of(tmp_path, *lines), run, speed=1.0)
    try:
        replay.prepare(host)
        spells = replay.turn(host, 1, 1.0)
    finally:
        replay.forget(host)
    assert spells["Trace, GET tags"].latencies > spells["Trace, PUT blob"].latencies


def test_an_unexpected_response_is_reported_with_the_line(tmp_path: Path, host: Target, tree: Path, run: str) -> None:
    file = trace_of(tmp_path, "0 PUT blob app new 5000", "# then", *["0 GET blob old layer 100000"] * 50)
    replay = TraceReplay(file, run)
    try:
        replay.prepare(host)
        for data in tree.rglob("data"):
            data.unlink()  # simulate lost data
        with pytest.raises(BenchmarkError, match=rf"{file}:(4|5): GET blob old layer: .* answered (404|500)"):
            replay.turn(host, 2, 1.0)
    finally:
        replay.forget(host)


def test_a_manifest_that_was_not_pushed_is_an_error(tmp_path: Path, host: Target, run: str) -> None:
    file = trace_of(tmp_path, "0 GET manifest app latest 900")
    replay = TraceReplay(file, run)
    try:
        replay.prepare(host)
        with host.connect() as connection:
            path = f"/v2/{run}/standing/app/manifests/latest"
            pushed = connection.request("GET", path, expect=200)
            other = json.dumps({**json.loads(pushed.body), "annotations": {}}).encode()
            headers = {"Content-Type": pushed.headers["content-type"]}
            tagged = connection.request("PUT", path, body=other, headers=headers, expect=201)
        with pytest.raises(
            BenchmarkError, match=rf"{file}:2: GET manifest app latest: .* did not return the last pushed manifest"
        ):
            replay.turn(host, 1, 1.0)
        host.forget([], [tagged.headers["docker-content-digest"]])
    finally:
        replay.forget(host)


def test_an_unreachable_registry_stops_the_replay(tmp_path: Path, host: Target, run: str) -> None:
    replay = TraceReplay(trace_of(tmp_path, "0 PUT blob app new 5000"), run)

    def fail() -> None:
        raise BenchmarkError("127.0.0.1:1 cannot be reached")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host, "connect", fail)
        with pytest.raises(BenchmarkError, match="cannot be reached"):
            replay.turn(host, 3, 1.0)


def test_a_name_that_is_too_long_with_the_prefix_is_rejected(tmp_path: Path) -> None:
    file = trace_of(tmp_path, "0 GET tags app - -", f"0 GET tags {'a' * 230} - -")
    with pytest.raises(
        BenchmarkError, match=rf"{file}:3: the repository name has 230 characters, .* prefix of 28 .* 255"
    ):
        TraceReplay(file, "bench-0123456789ab")


def test_a_blob_that_does_not_fit_into_memory_is_rejected(tmp_path: Path) -> None:
    file = trace_of(tmp_path, "0 GET blob app layer 1099511627776")
    with pytest.raises(BenchmarkError, match="the largest blob has 1099511627776 bytes, which are kept in memory"):
        TraceReplay(file, "bench")


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_an_invalid_speed_is_rejected(tmp_path: Path, speed: float) -> None:
    with pytest.raises(BenchmarkError, match="expected a number above 0"):
        TraceReplay(trace_of(tmp_path, *LINES), "bench", speed=speed)


INTERRUPTED = """
import sys
from pathlib import Path
from entrepot_benchmarks.load.wire import Origin
from entrepot_benchmarks.selection import Backend
from entrepot_benchmarks.targets.host import EntrepotHost
from entrepot_benchmarks.trace.replay import TraceReplay

trace, tree, data = map(Path, sys.argv[1:])
host = EntrepotHost(Backend("files", "filesystem", {"rootdirectory": str(tree)}), data, "bench")
try:
    replay = TraceReplay(trace, "bench", speed=1.0)
    replay.prepare(host)
    print("begins", flush=True)
    replay.turn(host, 3, 1.0)
except KeyboardInterrupt:
    print("interrupted", flush=True)
finally:
    replay.forget(host)
    host.close()
"""


def test_ctrl_c_stops_the_clients_and_removes_the_pushed_data(tmp_path: Path) -> None:
    lines = [f"{number / 10} PUT blob app blob-{number} 50000" for number in range(600)]
    file, tree = trace_of(tmp_path, "0 GET tags app - -", *lines), tmp_path / "tree"
    command = [sys.executable, "-c", INTERRUPTED, str(file), str(tree), str(tmp_path / "host")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0) as shell:
        assert shell.stdout is not None
        assert shell.stderr is not None
        assert shell.stdout.readline() == "begins\n"
        deadline = time.monotonic() + 30
        while not any("/t1/" in path for path in stored(tree)) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(shell.pid, signal.SIGINT)  # like a terminal, to the clients too
        assert shell.wait(60) == 0
        assert (shell.stdout.read(), shell.stderr.read()) == ("interrupted\n", "")
        with pytest.raises(ProcessLookupError):
            os.killpg(shell.pid, 0)  # no client is left
    assert stored(tree) == set()
