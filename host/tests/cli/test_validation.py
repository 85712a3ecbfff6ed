"""The startup checks, run by ``entrepot config check`` and by ``entrepot serve``."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from host.tests.plugins.conftest import Install, install  # noqa: F401 - a fixture

from entrepot.cli import main

NOBODY = 65534


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate, its key, that key encrypted, another key, and a file that is not PEM."""
    folder = tmp_path_factory.mktemp("pems")
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -subj /CN=x"
    for command in (
        made,
        "ecparam -genkey -name prime256v1 -noout -out other.pem",
        "ec -aes128 -passout pass:x -in key.pem -out sealed.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    (folder / "bad.pem").write_text("no PEM\n")
    return folder


@pytest.fixture
def world_writable() -> Iterator[Path]:
    """A folder in which every user may write; pytest's own folders are private to its user."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)  # noqa: S103 - that is its purpose
        yield Path(folder)


@contextmanager
def without_rights() -> Iterator[None]:
    """A user who may write only where every user may; root may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def run(folder: Path, command: str, **environ: str) -> Result:
    """Run a command with a configuration that is valid without the variables."""
    path = folder / "config.yml"
    path.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{secret: s}}\n")
    variables = {f"REGISTRY_{name}": value for name, value in environ.items()}
    return CliRunner(env=variables).invoke(main, [*command.split(), str(path)])


@pytest.mark.parametrize("command", ["config check", "serve"])
@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({"CERTIFICATE": "none.pem", "KEY": "key.pem"}, "http.tls.certificate none.pem cannot be read: No such file"),
        ({"CERTIFICATE": "cert.pem", "KEY": "none.pem"}, "http.tls.key none.pem cannot be read: No such file"),
        ({"CERTIFICATE": "cert.pem", "KEY": "bad.pem"}, "key bad.pem are not a PEM certificate"),
        ({"CERTIFICATE": "cert.pem", "KEY": "sealed.pem"}, "key sealed.pem are not a PEM certificate"),
        ({"CERTIFICATE": "cert.pem", "KEY": "other.pem"}, "key other.pem are not a PEM certificate"),
        (
            {"CERTIFICATE": "cert.pem", "KEY": "key.pem", "CLIENTCAS": "[bad.pem]"},
            "http.tls.clientcas bad.pem contains no PEM certificates",
        ),
    ],
)
def test_tls_files_are_read_before_serving(
    tmp_path: Path, pems: Path, monkeypatch: pytest.MonkeyPatch, command: str, environ: dict[str, str], fault: str
) -> None:
    monkeypatch.chdir(pems)
    result = run(tmp_path, command, **{f"HTTP_TLS_{name}": value for name, value in environ.items()})
    assert result.exit_code == 1
    assert fault in result.output
    assert "REGISTRY_HTTP_TLS_" in result.output


@pytest.mark.parametrize("command", ["config check", "serve"])
@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({"STORAGE_FILESYSTEM_ROOTDIRECTORY": "{}/file"}, "/file is a file; use a directory"),
        ({"STORAGE_FILESYSTEM_ROOTDIRECTORY": "{}/shut"}, "set storage.maintenance.readonly.enabled"),
        ({"STORAGE_FILESYSTEM_ROOTDIRECTORY": "{}/shut/below"}, "set storage.maintenance.readonly.enabled"),
        (
            {
                "NOTIFICATIONS_OUTBOX_PATH": "{}/shut",
                "NOTIFICATIONS_ENDPOINTS_0_NAME": "a",
                "NOTIFICATIONS_ENDPOINTS_0_URL": "http://127.0.0.1:9",
            },
            "the outbox of the notifications cannot be written",
        ),
        ({"HTTP_ADDR": "no-such-host.invalid:5000"}, "the host 'no-such-host.invalid' of http.addr cannot be resolved"),
        ({"NOTIFICATIONS_ENDPOINTS_0_NAME": "a"}, "option 'url' is required"),
        ({"STORAGE_FILESYSTEM_MAXTHREADS": "many"}, "option 'maxthreads': input should be a valid integer"),
        ({"AUTH": "htpasswd", "AUTH_HTPASSWD_REALM": "r", "AUTH_HTPASSWD_PATH": "none"}, "none cannot be read"),
    ],
)
def test_an_unusable_value_is_an_error_that_names_its_variable(
    world_writable: Path, tmp_path: Path, command: str, environ: dict[str, str], fault: str
) -> None:
    run(tmp_path, "config check")  # import modules that only the user of the tests may read
    (world_writable / "file").touch()
    (world_writable / "shut").mkdir(0o555)
    with without_rights():
        result = run(world_writable, command, **{name: value.format(world_writable) for name, value in environ.items()})
    assert result.exit_code == 1
    faults = [line for line in result.output.splitlines() if fault in line]
    assert len(faults) == 1, f"{result.output}{result.exception!r}"
    assert [name for name in environ if f"REGISTRY_{name}" in faults[0].partition(" (set by ")[2]]


def test_a_root_that_cannot_be_written_can_be_served_read_only(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(0o555)
    result = run(tmp_path, "config check", STORAGE_MAINTENANCE_READONLY_ENABLED="true")
    assert result.exit_code == 0
    assert list((tmp_path / "data").iterdir()) == []


def test_offline_skips_checks_that_need_the_serving_machine(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    elsewhere = {
        "STORAGE_FILESYSTEM_ROOTDIRECTORY": f"{tmp_path}/file",
        "HTTP_ADDR": "no-such-host.invalid:5000",
        "HTTP_TLS": "{certificate: none.pem, key: none.pem}",
    }
    assert run(tmp_path, "config check", **elsewhere).output.count("error: ") == 3
    assert run(tmp_path, "config check --offline", **elsewhere).exit_code == 0
    assert run(tmp_path, "config check --offline", **elsewhere, HTTP_SERVER="nginx").exit_code == 1


def test_a_missing_bucket_is_an_error(
    tmp_path: Path,
    install: Install,  # noqa: F811 - the fixture
) -> None:
    source = """
        from entrepot_contract import ConfigError, NoSpace
        from entrepot_storage_memory import MemoryDriver
        class Bucketless(MemoryDriver):
            name = "bucketless"
            def put(self, key, data, **mode):
                raise ConfigError("there is no bucket 'b'; create it", driver="bucketless", operation="put", key=key)
        class Full(MemoryDriver):
            name = "full"
            def put(self, key, data, **mode):
                raise NoSpace("no space left", driver="full", operation="put", key=key)
    """
    install("odd-drivers", source, storage={"bucketless": "Bucketless", "full": "Full"})
    result = run(tmp_path, "config check", STORAGE="bucketless")
    assert result.exit_code == 1
    assert "there is no bucket 'b'; create it" in result.output
    full = run(tmp_path, "config check", STORAGE="full")
    assert full.exit_code == 0, "pulls can be served from a full store"
    assert "warning: the storage is full, pushes will fail: full: put entrepot/writable/" in full.output


def test_storage_that_power_loss_may_damage_is_a_warning(tmp_path: Path) -> None:
    said = "may lose what was pushed when the power fails"
    assert f"warning: the storage inmemory {said}" in run(tmp_path, "config check", STORAGE="inmemory").output
    assert said not in run(tmp_path, "config check").output


def test_rules_without_authentication_are_a_warning(tmp_path: Path) -> None:
    said = "warning: access is set and auth is not: all clients are anonymous"
    access = "[{who: 'user:a', actions: [pull]}]"
    assert said in run(tmp_path, "config check", ACCESS=access).output
    assert said not in run(tmp_path, "config check").output
