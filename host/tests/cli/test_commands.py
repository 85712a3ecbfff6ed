"""The command ``entrepot``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from host.tests.plugins.conftest import Install, install  # noqa: F401 - a fixture

from entrepot.cli import main


def run(*arguments: str, **environ: str) -> Result:
    """Run the command in this process."""
    return CliRunner(env=environ).invoke(main, arguments)


@contextmanager
def serving(folder: Path, **environ: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``entrepot serve`` in a folder, with its standard output in ``log``; yields its address when it is ready."""
    environ = os.environ | {"REGISTRY_HTTP_ADDR": "127.0.0.1:0", "REGISTRY_HTTP_SECRET": "s"} | environ
    command = [sys.executable, "-m", "entrepot", "serve"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stderr is not None
        try:
            said = ""
            for line in process.stderr:
                said += line
                if "ready at" in line:
                    yield process, line.split()[-1]
                    break
            else:
                raise AssertionError(said)
        finally:
            process.terminate()


def test_the_version_is_printed() -> None:
    assert run("--version").output == f"entrepot, version {version('entrepot')}\n"


def test_a_plugin_adds_a_command(install: Install) -> None:  # noqa: F811 - the fixture
    source = """
        import sys
        from entrepot_contract.hookspecs import Command, hookimpl
        def greet(arguments):
            print("greetings", *arguments)
            return 3
        @hookimpl
        def entrepot_commands():
            return [Command("greet", "Greet a user.", greet), Command("serve", "Not me.", greet)]
        plugin = sys.modules[__name__]
    """
    install("their-hooks", source, hooks={"their": "plugin"})
    result = run("greet", "you", "--loudly")
    assert (result.output, result.exit_code) == ("greetings you --loudly\n", 3)
    assert "Greet a user." in run("--help").output
    assert "Not me." not in run("--help").output


def test_a_valid_configuration_can_be_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.yml"
    path.write_text("version: 0.1\nstorage: {filesystem: {rootdirectory: data}, cache: {blobdescriptor: inmemory}}\n")
    result = run("config", "check", str(path), REGISTRY_HTTP_SECRET="s")  # noqa: S106 - a test's
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "warning: storage.cache is not supported yet and is ignored",
        f"{path} can be served",
    ]
    assert not [found for found in Path("data").rglob("*") if found.is_file()]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("storage: {filesystem: {rootdirectory: d}}\nhtpp: {}\nhttp: {addr: swordfish}", ["htpp", "http.addr"]),
        (
            "storage: {filesystem: {rootdirectorry: swordfish}}",
            ["filesystem: configure: unknown option 'rootdirectorry'"],
        ),
        ("storage: {filesystem: {rootdirectory: {a: swordfish}}}", ["filesystem: configure: option 'rootdirectory'"]),
        ("storage: {swift: {secretkey: swordfish}}", ["no storage plugin is called 'swift'"]),
        ("storage: {inmemory: }\nhttp: {server: nginx}", ["no server plugin is called 'nginx'"]),
        (
            "storage: {inmemory: }\nnotifications: {endpoints: [{name: bob, url: 'http://x/', headres: swordfish}]}",
            ["webhook: configure: unknown option 'headres', did you mean 'headers'?"],
        ),
    ],
)
def test_each_fault_of_a_configuration_is_printed_on_one_line(tmp_path: Path, text: str, faults: list[str]) -> None:
    path = tmp_path / "config.yml"
    path.write_text(f"version: 0.1\n{text}\n")
    result = run("config", "check", str(path))
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == len(faults)
    for line, fault in zip(result.stderr.splitlines(), faults, strict=True):
        assert line.startswith(f"error: {fault}")
    assert "swordfish" not in result.output


def test_serve_prints_how_to_push(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, address):
        with urllib.request.urlopen(f"{address}v2/", timeout=10) as answer:  # noqa: S310 - our own address
            assert answer.status == 200
        assert process.stderr is not None
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(20) == 0
    name = address.removeprefix("http://").rstrip("/")
    assert f"docker push {name}/alpine" in rest
    assert f"skopeo copy --dest-tls-verify=false docker://alpine docker://{name}/alpine" in rest


@pytest.mark.parametrize("server", ["waitress", "granian"])
def test_each_request_is_logged_as_a_line_on_standard_output(tmp_path: Path, server: str) -> None:
    with serving(tmp_path, REGISTRY_HTTP_SERVER=server, REGISTRY_HTTP_WORKERS="1") as (process, address):
        for _ in range(3):
            urllib.request.urlopen(f"{address}v2/", timeout=10).close()  # noqa: S310 - our own address
        process.terminate()
        assert process.wait(20) == 0
    lines = (tmp_path / "log").read_text().splitlines()
    assert [line.split("path=")[1].split()[0] for line in lines] == ["/v2/"] * 3


def test_the_configuration_comes_from_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text("version: 0.1\nstorage: {inmemory: }\nhttp: {prefix: /deep/}\n")
    with serving(tmp_path, REGISTRY_CONFIGURATION_PATH=str(path)) as (_, address):
        assert address.endswith("/deep/")
        with urllib.request.urlopen(f"{address}v2/", timeout=10) as answer:  # noqa: S310 - our own address
            assert answer.status == 200


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"REGISTRY_STORAGE": "filesytem"}, "did you mean 'filesystem'?"),
        ({"REGISTRY_HTTP_SERVER": "nginx"}, "no server plugin is called 'nginx'"),
        (
            {"REGISTRY_HTTP_SERVER_WAITRESS_SPED": "1"},
            "waitress: configure: unknown option 'sped'; there are none (entrepot",
        ),
        (
            {"REGISTRY_HTTP_SERVER": "{granian: {sped: 1}}"},
            "lists its options) (set by REGISTRY_HTTP_SERVER)",
        ),
        ({"REGISTRY_AUTH": "silly"}, "no auth plugin is called 'silly'"),
        ({"REGISTRY_HTTP_ADDR": "203.0.113.1:5000"}, "cannot serve: "),
        (
            {"REGISTRY_HTTP_TLS": "{certificate: no.pem, key: no.pem}", "REGISTRY_HTTP_ADDR": "127.0.0.1:0"},
            "http.tls.certificate no.pem cannot be read: No such file or directory (set by REGISTRY_HTTP_TLS)",
        ),
        (
            {"REGISTRY_HTTP_TLS": "{certificate: no.pem, key: no.pem}", "REGISTRY_HTTP_SERVER": "waitress"},
            "does not support TLS, and http.tls is configured; pip install entrepot-server-granian",
        ),
    ],
)
def test_a_configuration_that_cannot_be_served_is_one_error_and_exit_1(
    tmp_path: Path, environ: dict[str, str], said: str
) -> None:
    command = [sys.executable, "-m", "entrepot", "serve"]
    result = subprocess.run(command, cwd=tmp_path, env=os.environ | environ, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_storage_that_is_unavailable_at_the_start_is_one_error_and_exit_1(
    tmp_path: Path,
    install: Install,  # noqa: F811 - the fixture
) -> None:
    source = """
        from entrepot_contract import Unavailable
        from entrepot_storage_memory import MemoryDriver
        class Driver(MemoryDriver):
            name = "asking"
            @property
            def capabilities(self):
                raise Unavailable("connection refused", driver="asking", operation="capabilities")
    """
    install("asking-driver", source, storage={"asking": "Driver"})
    result = run("serve", REGISTRY_STORAGE="asking")
    assert result.exit_code == 1
    assert "Error: cannot serve, because the storage is unavailable: asking: capabilities: connection" in result.output
