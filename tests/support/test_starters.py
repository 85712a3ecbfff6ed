"""``make ceph`` and similar targets start a storage server with a usable configuration, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
import yaml

from support.images import package, random_files
from support.push import missing_parts, push_image
from support.services import azurite, ceph, postgres
from support.services.entrepot import entrepot
from support.services.process import Service
from support.services.programs import need
from support.services.registry import clean_environment, write_config

STARTERS = {
    "ceph": ceph.PROGRAMS,
    "moto": (),
    "azurite": (azurite.PROGRAM,),
    "gcs": (),
    "postgres": (postgres.PROGRAM,),
}
TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("name", STARTERS)
def test_the_printed_configuration_accepts_a_push(request: pytest.FixtureRequest, name: str, folder: Path) -> None:
    need(request, *STARTERS[name])
    env = {**clean_environment(folder), "PYTHONPATH": str(TESTS), "PYTHONUNBUFFERED": "1"}
    starter = Service(name, (sys.executable, "-m", f"support.services.{name}"), log=folder / "log", env=env, cwd=folder)
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
    """Return the printed section ``storage`` when it is complete. The value of an option is never empty."""
    _, found, rest = starter.output().partition("\nstorage:\n")
    section = yaml.safe_load(f"storage:\n{rest}")["storage"] if found and rest.endswith("\n") else None
    if not isinstance(section, dict) or not all(isinstance(options, dict) for options in section.values()):
        return None
    return section


def _push_to(storage: dict[str, object], folder: Path) -> None:
    # The client of this test does not follow redirects to the store.
    config = write_config(folder / "config.yml", {**storage, "redirect": {"disable": True}}, http={"workers": 1})
    host = entrepot(config, folder / "host", server="granian")
    try:
        host.start()
        image = package(random_files(storage, 20, 1_000_000))
        push_image(host.wire, "played/with", image, "latest")
        assert missing_parts(host.wire, "played/with", image, "latest") == []
    finally:
        host.stop()
