"""``make bench``: every real server is measured with tiny sizes, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from performance.comparisons import UPLOAD
from performance.targets.limits import takes_direct_writes
from support.bench import Bench, Outcome
from support.services.ceph import PROGRAMS
from support.services.programs import need

from entrepot_benchmarks.workloads.standard import BARE_PULL, BARE_PUSH

TESTS = str(Path(__file__).parents[1])
LAB = ("performance",)
TINY = ("--rounds", "1", "--seconds", "0.05", "--clients", "1")


def measured(outcome: Outcome) -> set[tuple[str, str]]:
    """Return the cases and targets with a value."""
    run = outcome.run
    return {(one.case, one.target) for one in run.series if one.spells and min(one.values(run.case(one.case).unit)) > 0}


@pytest.mark.slow
def test_all_backends_and_peers_are_measured(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    need(request, "docker-registry", "nginx", "azurite-blob", *PROGRAMS)
    bench = Bench(tmp_path, {"PYTHONPATH": TESTS})
    only = [word for name in ("filesystem", "docker-registry*", "s3", "azure", "gcs") for word in ("--only", name)]
    outcome = bench.run(*TINY, "--case", "Push Small Images", *only, module=LAB)
    assert outcome.status == 0, outcome.errors
    backends = ("filesystem", "s3", "azure", "gcs")
    peers = ("docker-registry", "docker-registry (s3)")
    assert measured(outcome) == {("Push Small Images", name) for name in (*backends, *peers)}
    run = outcome.run
    assert {cost.target for cost in run.costs} == set(backends)
    assert all(cost.requests for cost in run.costs if cost.target in ("s3", "azure", "gcs"))
    assert all(spell.server_cpu is not None for series in run.series for spell in series.spells)


@pytest.mark.slow
@pytest.mark.soak
def test_limits_are_measured_with_large_blobs(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    need(request, "docker-registry", "nginx")
    bench = Bench(tmp_path, {"PYTHONPATH": TESTS})
    only = ("--only", "filesystem", "--only", "docker-registry")
    outcome = bench.run(*TINY, "--case", "*Blob 256MB", *only, module=LAB)
    assert outcome.status == 0, outcome.errors
    loops = ["bare loop, cached writes"]
    loops += ["bare loop, direct writes"] if takes_direct_writes(tmp_path) else []
    wanted = {(case, name) for case in (BARE_PUSH, BARE_PULL) for name in ("filesystem", "docker-registry")}
    wanted |= {(BARE_PULL, "nginx"), *((BARE_PUSH, name) for name in loops)}
    assert measured(outcome) == wanted
    large = [series for series in outcome.run.series if series.case == BARE_PUSH]
    assert all(spell.peak_memory is not None for series in large for spell in series.spells)


@pytest.mark.parametrize(
    ("what", "names", "cases"),
    [
        ("auth", ("open", "password", "token"), ("Get Manifest",)),
        # `make bench-gate`, a part of `make test`, measures the same hosts in every run.
        pytest.param("http2", ("HTTP/2", "HTTP/1.1"), (UPLOAD,), marks=pytest.mark.soak),
        ("notifications", ("with a webhook", "without"), ("Get Manifest", "Push Small Images")),
    ],
)
def test_hosts_with_and_without_a_feature_are_compared(
    request: pytest.FixtureRequest, what: str, names: tuple[str, ...], cases: tuple[str, ...], tmp_path: Path
) -> None:
    need(request, "nginx", "curl")
    outcome = Bench(tmp_path, {"PYTHONPATH": TESTS}).run(*TINY, "--compare", what, module=LAB)
    assert outcome.status == 0, outcome.errors
    assert measured(outcome) == {(case, name) for case in cases for name in names}
    assert outcome.run.costs == []
    assert "Basic " not in outcome.everything()
    assert "Bearer " not in outcome.everything()


def test_a_missing_program_is_reported_with_its_package(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "setpriv").symlink_to(shutil.which("setpriv") or "setpriv")
    bench = Bench(tmp_path, {"PATH": str(tmp_path / "bin"), "PYTHONPATH": TESTS})
    outcome = bench.run(*TINY, "--only", "docker-registry*", "--only", "azure", "--case", "Get Tags", module=LAB)
    assert outcome.status == 1
    line = outcome.errors.splitlines()[-1]
    assert line.startswith("Error: ")
    assert "docker-registry skipped: the program 'docker-registry' is missing: on Debian, apt-get install" in line
    assert "docker-registry (s3) skipped: the program 'docker-registry' is missing" in line
    assert "azure skipped: azurite exited with 127 at start" in line, "it requires node, which is not in this PATH"


def test_unknown_targets_are_rejected_with_a_list_of_the_available_ones(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"PATH": os.defpath, "PYTHONPATH": TESTS})
    outcome = bench.run(*TINY, "--only", "dockr*", "--case", "Get Tags", module=LAB)
    assert outcome.status == 1
    assert outcome.errors.splitlines()[-1].startswith("Error: no target matches; available: filesystem; ")
