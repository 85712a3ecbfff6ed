"""``pytest --pyargs entrepot_benchmarks.suites.installed``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from .conftest import Pytest
from .installed_driver import install

INSTALLED = ("--pyargs", "entrepot_benchmarks.suites.installed")


@dataclass(frozen=True)
class Measured:
    """A run on every installed driver, of which one is in another package: its results, and its output."""

    inner: Pytest
    found: Mapping[str, dict[str, object]]
    output: str


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A run without any selected driver."""
    folder = tmp_path_factory.mktemp("installed")
    inner = Pytest(folder, {}).with_site(install(folder))
    return Measured(inner, *inner.measure_and_print(*INSTALLED, "-k", "not host and not 1000", "-q"))


def test_every_driver_that_needs_no_options_is_measured(measured: Measured) -> None:
    found = measured.found
    backends = {name.partition(": ")[0] for name in found}
    assert {"filesystem", "inmemory"} <= backends
    assert not {"s3", "s3aws", "azure", "gcs"} & backends
    facts = found["filesystem: put[4KiB]"]["extra_info"]
    assert isinstance(facts, dict)
    assert (facts["package"], facts["driver"], facts["durable"]) == ("entrepot-storage-fs", "filesystem", True)
    assert found["inmemory: stat"]["group"] == found["filesystem: stat"]["group"] == "stat"
    assert [path for path in (measured.inner.folder / "base").rglob("*") if path.is_file()] == []


def test_drivers_that_need_options_are_listed_with_the_option_to_add(measured: Measured) -> None:
    assert "s3 skipped: it needs 'bucket'; add --storage-backend s3=OPTIONS.yml" in measured.output
    assert "s3aws" not in measured.output


def test_a_driver_of_another_package_is_found(measured: Measured) -> None:
    cases = {name.partition(": ")[2] for name in measured.found}
    mine = {name: each["extra_info"] for name, each in measured.found.items() if name.startswith("shelf")}
    assert set(mine) == {f"shelf: {case}" for case in cases}, "only once, although it has two names"
    facts = mine["shelf: stat"]
    assert isinstance(facts, dict)
    assert (facts["package"], facts["version"]) == ("shelf-store", "1.2")
    again = '--storage-backend=shelf-again={folder: "{tmp}"}'
    assert set(measured.inner.measure(*INSTALLED, "-k", "stat", again)) == {"shelf-again: stat"}


def test_only_the_given_backends_are_measured_under_their_labels(inner: Pytest) -> None:
    options = inner.folder / "options.yml"
    options.write_text(f"rootdirectory: {inner.store}\n")
    chosen = ["one:filesystem=options.yml", 'other:filesystem={rootdirectory: "{tmp}/other"}', "inmemory"]
    found = inner.measure(*INSTALLED, "-k", "put and 4KiB", *(f"--storage-backend={each}" for each in chosen))
    assert set(found) == {f"{label}: put[4KiB]" for label in ("one", "other", "inmemory")}
    assert found["one: put[4KiB]"]["params"] == {"benchmark_backend": "one", "size": 4096}, "and no options"
    assert (inner.store).is_dir()
    assert inner.left() == []


def test_an_unknown_backend_is_reported_in_one_line(inner: Pytest) -> None:
    run = inner.run(*INSTALLED, "--storage-backend", "filesistem={rootdirectory: secret-of-the-test}")
    assert run.returncode == 2
    assert "--storage-backend: no storage plugin is called 'filesistem'; installed: " in run.stdout
    assert "did you mean 'filesystem'?" in run.stdout
    assert "Traceback" not in run.stdout
    assert "secret-of-the-test" not in run.stdout + run.stderr
