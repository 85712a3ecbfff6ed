"""``make ceph`` and its like: a store to play with, and a configuration that works until Ctrl-C."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
import yaml
from services import azurite, ceph
from services.entrepot import entrepot
from services.images import package, random_files
from services.process import Service
from services.programs import need
from services.push import missing_parts, push_image
from services.registry import clean_environment, write_config

STARTERS = {"ceph": ceph.PROGRAMS, "moto": (), "azurite": (azurite.PROGRAM,), "gcs": ()}
TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("name", STARTERS)
def test_the_configuration_that_a_starter_prints_takes_a_push(
    request: pytest.FixtureRequest, name: str, folder: Path
) -> None:
    need(request, *STARTERS[name])
    env = {**clean_environment(folder), "PYTHONPATH": str(TESTS), "PYTHONUNBUFFERED": "1"}
    starter = Service(name, (sys.executable, "-m", f"services.{name}"), log=folder / "log", env=env, cwd=folder)
    try:
        starter.wait_ready(lambda: _printed(starter) is not None, seconds=60)
        storage = _printed(starter)
        assert storage is not None
        _push_to(storage, folder)

        starter.signal(signal.SIGINT)
        assert starter.wait(30) == 0, starter.tail()
    finally:
        starter.kill()


def _printed(starter: Service) -> dict[str, object] | None:
    """The section ``storage`` in what was printed, once all of it is there; an option's value is never empty."""
    _, found, rest = starter.output().partition("\nstorage:\n")
    section = yaml.safe_load(f"storage:\n{rest}")["storage"] if found and rest.endswith("\n") else None
    if not isinstance(section, dict) or not all(isinstance(options, dict) for options in section.values()):
        return None
    return section


def _push_to(storage: dict[str, object], folder: Path) -> None:
    # A client of this test follows no URL of the store.
    config = write_config(folder / "config.yml", {**storage, "redirect": {"disable": True}}, http={"workers": 1})
    host = entrepot(config, folder / "host", server="granian")
    try:
        host.start()
        image = package(random_files(storage, 20, 1_000_000))
        push_image(host.wire, "played/with", image, "latest")
        assert missing_parts(host.wire, "played/with", image, "latest") == []
    finally:
        host.stop()
