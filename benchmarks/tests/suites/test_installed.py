"""``pytest --pyargs entrepot_benchmarks.suites.installed``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .installed_driver import install

if TYPE_CHECKING:
    from .conftest import Pytest

INSTALLED = ("--pyargs", "entrepot_benchmarks.suites.installed", "-k", "not host")


def test_every_driver_that_needs_no_options_is_measured(inner: Pytest) -> None:
    found = inner.measure(*INSTALLED[:2], "-k", "not host and not 1000")
    backends = {name.partition(": ")[0] for name in found}
    assert {"filesystem", "inmemory"} <= backends
    assert not {"s3", "s3aws", "azure", "gcs"} & backends
    facts = found["filesystem: put[4KiB]"]["extra_info"]
    assert isinstance(facts, dict)
    assert (facts["package"], facts["driver"], facts["durable"]) == ("entrepot-storage-fs", "filesystem", True)
    assert found["inmemory: stat"]["group"] == found["filesystem: stat"]["group"] == "stat"
    assert [path for path in (inner.folder / "base").rglob("*") if path.is_file()] == []


def test_drivers_that_need_options_are_listed_with_the_option_to_add(inner: Pytest) -> None:
    run = inner.run(*INSTALLED, "--benchmark-disable", "-k", "stat and not host", "-q")
    assert run.returncode == 0, run.stdout
    assert "s3 skipped: it needs 'bucket'; add --storage-backend s3=OPTIONS.yml" in run.stdout
    assert "s3aws" not in run.stdout


def test_only_the_given_backends_are_measured_under_their_labels(inner: Pytest) -> None:
    options = inner.folder / "options.yml"
    options.write_text(f"rootdirectory: {inner.store}\n")
    chosen = ["one:filesystem=options.yml", 'other:filesystem={rootdirectory: "{tmp}/other"}', "inmemory"]
    found = inner.measure(*INSTALLED[:2], "-k", "put and 4KiB", *(f"--storage-backend={each}" for each in chosen))
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


def test_a_driver_of_another_package_is_found(inner: Pytest) -> None:
    inner = inner.with_site(install(inner.folder))
    found = inner.measure(*INSTALLED[:2], "-k", "4KiB or stat")
    mine = {name: each["extra_info"] for name, each in found.items() if name.startswith("shelf")}
    assert set(mine) == {"shelf: put[4KiB]", "shelf: read[4KiB]", "shelf: stat"}, "only once, although it has two names"
    facts = mine["shelf: stat"]
    assert isinstance(facts, dict)
    assert (facts["package"], facts["version"]) == ("shelf-store", "1.2")
    named = inner.measure(*INSTALLED[:2], "-k", "stat", '--storage-backend=shelf-again={folder: "{tmp}"}')
    assert set(named) == {"shelf-again: stat"}
