"""A complete run on working backends and peers: all values are present, and nothing is left behind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from support.bench import SHORT, Bench
from support.services.programs import need

from entrepot_benchmarks.results.document import read_document

from .existing_store import existing_store, files
from .peer_registry import PASSWORD, USER, links, peer_registry
from .third_party_driver import VERSION, install_driver

CASES = ("Get Manifest", "Push Small Images", "Pull 1MB")
NAMED = tuple(word for case in CASES for word in ("--case", case))
MORE = (*SHORT[:-1], "1,2")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with a third-party driver."""
    return {"PYTHONPATH": str(install_driver(tmp_path_factory.mktemp("site")))}


def test_backends_and_a_peer_are_measured_and_left_unchanged(
    request: pytest.FixtureRequest, tmp_path: Path, site: dict[str, str]
) -> None:
    need(request, "docker-registry")
    store = existing_store(tmp_path / "unseen-directory")
    (tmp_path / "options.yml").write_text(f"rootdirectory: {store}\n")
    before = files(store)
    bench = Bench(tmp_path / "run", site)
    with peer_registry(tmp_path / "peer", deletes=True, password=True) as registry:
        url = f"http://{USER}:{quote(PASSWORD, safe='')}@{registry.address}"
        backends = ("--backend", f"mine:filesystem={tmp_path}/options.yml", "--backend", "example")
        started = bench.start(*backends, "--peer", url, *NAMED, *MORE, "--data", "data")
        started.watch()
        outcome = started.end()
        kept = links(tmp_path / "peer")

    assert outcome.status == 0, outcome.errors
    run = outcome.run
    assert run.partial is None
    mine, example, peer = run.targets
    assert (mine.name, mine.driver, mine.package, mine.durable, mine.shared) == (
        "mine",
        "filesystem",
        "entrepot-storage-fs",
        True,
        True,
    )
    assert (example.name, example.package, example.version) == ("example", "example-store", VERSION)
    assert (peer.name, peer.kind) == (registry.address, "peer")
    wanted = {(case, clients, target.name) for case in CASES for clients in (1, 2) for target in run.targets}
    assert {(one.case, one.clients, one.target) for one in run.series if one.spells} == wanted
    spells = [spell for series in run.series for spell in series.spells]
    assert all(spell.operations and spell.elapsed > 0 and spell.latencies for spell in spells)
    assert all(spell.server_cpu is not None for spell in spells)
    assert {cost.target for cost in run.costs} == {"mine", "example"}

    assert files(store) == before
    assert kept == []
    assert f"remove the prepared data from {registry.address}" in outcome.errors
    (left,) = outcome.faults
    assert re.match(rf"{registry.address} may keep [1-9][\d,.]* MB of deleted blobs on its disk until", left)
    assert left in run.notes
    assert all(name in outcome.page for name in ("mine", "example", registry.address))
    table = outcome.output.splitlines()
    assert [line.split("  ")[0] for line in table if line.startswith(CASES)] == [case for case in CASES for _ in (1, 2)]
    shown = outcome.everything().replace(url, "")  # the arguments of the command itself contain it
    assert not [secret for secret in (PASSWORD, quote(PASSWORD, safe=""), str(store)) if secret in shown]
    assert any("serve" in line for line in outcome.arguments), "the command lines of the hosts were recorded too"


def test_all_drivers_are_measured_by_default_and_the_report_is_generated_again(
    tmp_path: Path, site: dict[str, str]
) -> None:
    bench = Bench(tmp_path, site)
    outcome = bench.run("--case", "Get Manifest", *SHORT)
    assert outcome.status == 0, outcome.errors
    run = outcome.run
    assert [target.name for target in run.targets] == ["example", "filesystem", "inmemory"]
    for target in run.targets:
        series = run.find("Get Manifest", 1, target.name)
        assert series is not None
        assert series.spells[0].operations

    page = outcome.page
    again = bench.start("report", "bench.json", "--html", "again.html").end()
    assert again.status == 0, again.errors
    assert (tmp_path / "again.html").read_text() == page
    document = json.loads((tmp_path / "bench.json").read_text())
    assert {entry["stats"]["rounds"] for entry in document["benchmarks"]} == {1}
    assert read_document(tmp_path / "bench.json") == run
