"""The fixture ``registry`` in a separate test run: with markers, with several workers, and with errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bcrypt

PARALLEL = """
import base64
import http.client
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
AUTH = {"htpasswd": {"realm": "here", "path": str(HERE / "htpasswd")}}
BASIC = "Basic " + base64.b64encode(b"alice:of the test").decode()


def status(registry, **headers):
    connection = http.client.HTTPConnection(registry.address, timeout=20)
    connection.request("GET", "/v2/", headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.parametrize("number", range(6))
def test_each_has_its_own(registry, number, tmp_path):
    assert registry.stored() == {}
    registry.push_image(f"image-{number}", "v1")
    assert registry.stored() == {f"image-{number}": ["v1"]}
    assert list(tmp_path.iterdir()) == []
    (HERE / f"{os.environ['PYTEST_XDIST_WORKER']}-{number}").touch()


@pytest.mark.registry(storage={"filesystem": {"rootdirectory": str(HERE / "store")}})
def test_another_driver(registry):
    registry.push_image("a", "v1")
    assert (HERE / "store/docker/registry/v2/repositories/a/_manifests/tags/v1").is_dir()


@pytest.mark.registry(auth=AUTH)
def test_a_password(registry):
    assert status(registry) == 401
    with pytest.raises(RuntimeError, match="401"):
        registry.push_image("a", "v1")
    registry.authorization = BASIC
    registry.push_image("a", "v1")
    assert registry.stored() == {"a": ["v1"]}
    assert status(registry, Authorization=BASIC) == 200


class TestOwnSections:
    @pytest.fixture
    def registry_sections(self, tmp_path):
        return {"auth": AUTH, "http": {"prefix": "/deep/"}}

    def test_a_fixture_makes_them(self, registry):
        assert status(registry) == 404
"""
WRONG = """
import pytest

@pytest.mark.registry({"storage": {"inmemory": {}}})
def test_not_by_name(registry):
    pass

@pytest.mark.registry(htpp={})
def test_no_such_section(registry):
    pass
"""


def run(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the tests in a file like a user would, with warnings as errors."""
    (folder / "test_client.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "--strict-markers"]
    command += ["--rootdir", str(folder), f"--basetemp={folder / 'base'}", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_two_workers_have_separate_registries_and_markers_configure_them(tmp_path: Path) -> None:
    (tmp_path / "htpasswd").write_text(f"alice:{bcrypt.hashpw(b'of the test', bcrypt.gensalt(4)).decode()}\n")
    done = run(tmp_path, PARALLEL, "-n", "2")
    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout
    assert {path.name.partition("-")[0] for path in tmp_path.glob("gw*")} == {"gw0", "gw1"}


def test_invalid_sections_are_reported_on_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, WRONG, "--tb=short")
    assert done.returncode == 1
    assert "the marker registry takes keyword arguments, as in registry(storage={'inmemory': {}})" in done.stdout
    assert "ConfigurationError: htpp is not a known key, did you mean 'http'?" in done.stdout
