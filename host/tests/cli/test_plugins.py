"""``entrepot plugins``: installed plugins, their options, and load errors."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import yaml
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from host.tests.plugins.conftest import Install, install  # noqa: F401 - a fixture

from entrepot.cli import main
from entrepot.config import load_configuration
from entrepot.plugins import installed_plugins, make_auth, make_sink, make_storage
from entrepot_contract import DriverOptions
from entrepot_contract.options import parse_options

SECRETIVE = """
    from pydantic import Field, SecretStr
    from entrepot_contract import DriverOptions
    from entrepot_storage_memory import MemoryDriver
    class Options(DriverOptions):
        '''What it takes.'''
        place: str = Field(description="Where it is.")
        password: SecretStr = SecretStr("swordfish")
        size: int = 7
    class Driver(MemoryDriver):
        name = "secretive"
        Options = Options
"""


def run(*arguments: str, **environ: str) -> Result:
    """Run the command in this process."""
    return CliRunner(env={"COLUMNS": "120", **environ}).invoke(main, ["plugins", *arguments])


def test_plugins_are_listed_with_capabilities_and_options() -> None:
    lines = run().output.splitlines()
    assert lines[0].split() == ["KIND", "NAME", "PACKAGE", "VERSION", "CONTRACT", "STATUS"]
    row = ["storage", "filesystem", "entrepot-storage-fs", version("entrepot-storage-fs"), "1.1", "ok"]
    place = [line.split() for line in lines].index(row)
    assert lines[place + 1].startswith("    capabilities: create true, shared true, durable true, move rename")
    assert lines[place + 1].endswith(" upload_ttl 192h,")
    assert lines[place + 2].strip() == "conditional_delete false"
    assert lines[place + 3 : place + 6] == [
        "    options:",
        "        rootdirectory  text = /var/lib/registry",
        "        maxthreads     whole number = 100",
    ]
    found = {" ".join(line.split()) for line in lines}
    assert {"bucket text, required", "secretkey secret text", "issuer.refresh duration = 720h"} <= found
    assert {"options: same as s3", "capabilities: multiprocess true, tls true, client_certificates true"} <= found
    assert lines[-1] == "For a description of each option: entrepot plugins show NAME"


@pytest.mark.parametrize("columns", [40, 80, 100, 300])
def test_no_line_is_wider_than_the_terminal_or_120_columns(columns: int) -> None:
    widest = max(map(len, run(COLUMNS=str(columns)).output.splitlines()))
    assert widest <= max(80, min(columns, 120))


def test_plugins_are_listed_as_json() -> None:
    found = {(one["kind"], one["name"]): one for one in json.loads(run("--json").output)}
    waitress = found["server", "waitress"]
    assert (waitress["package"], waitress["version"]) == ("entrepot", version("entrepot"))
    assert (waitress["contract"], waitress["error"], waitress["options"]) == ("1.0", None, [])
    filesystem = found["storage", "filesystem"]
    assert filesystem["capabilities"]["move"] == "rename"
    assert filesystem["options"][0] == {
        "name": "rootdirectory",
        "type": "text",
        "required": False,
        "secret": False,
        "default": "/var/lib/registry",
        "description": "The directory for all data; created by the first write.",
        "options": [],
        "of_many": False,
    }
    bucket = {option["name"]: option for option in found["storage", "s3"]["options"]}["bucket"]
    assert (bucket["required"], bucket["default"]) == (True, None)


def options_in(text: str, kind: str, name: str) -> dict[str, Any]:
    """The options that a pasted section gives a plugin."""
    section = yaml.safe_load(text)
    if kind == "notify":
        (endpoint,) = section["notifications"]["endpoints"]
        assert endpoint.pop("sink") == name
        del endpoint["name"]
        return dict(endpoint)
    if kind == "server":
        section = section["http"]
        return {} if section[kind] == name else dict(section[kind][name])
    return dict(section[kind][name] or {})


INSTALLED = [one for one in installed_plugins() if one.kind != "hooks" and one.error is None]


@pytest.mark.parametrize(("kind", "name"), [(one.kind, one.name) for one in INSTALLED])
def test_the_shown_options_are_those_of_the_plugin(kind: str, name: str) -> None:
    (point,) = entry_points(group=f"entrepot.{kind}", name=name)
    options: type[DriverOptions] = point.load().Options
    shown = run("show", name, "--kind", kind).output
    given = options_in(shown, kind, name)
    known = {field.alias or name: field for name, field in options.model_fields.items()}
    for option, field in known.items():
        assert re.search(rf"^ *(# )?{option}:.*{'required$' if field.is_required() else ''}", shown, re.MULTILINE)
    required = {option for option, field in known.items() if field.is_required()}
    assert required <= set(given) <= set(known)
    if not required:
        assert parse_options(options, given, driver=name) == options()


FILLED_IN = {
    "azure": {"accountname": "account", "accountkey": "a2V5", "container": "images"},
    "chaos": {"inner": "{inmemory: {}}"},
    "cache": {"fast": "{inmemory: {}}", "slow": "{filesystem: {}}"},
    "encrypt": {"inner": "{inmemory: {}}", "keyfile": "storage.key"},
    "fsspec": {"protocol": "memory", "rootdirectory": "/images"},
    "gcs": {"bucket": "images"},
    "mirror": {"first": "{inmemory: {}}", "second": "{filesystem: {}}"},
    "htpasswd": {"realm": "here", "path": "htpasswd"},
    "s3": {"bucket": "images"},
    "token": {
        "service": "registry",
        "name": "issuer",
        "realm": "http://127.0.0.1/token",
        "rootcertbundle": "token.pem",
    },
    "webhook": {"url": "http://127.0.0.1:9/"},
}
"""Values that a user fills in, by the name of the plugin."""


@pytest.mark.parametrize(("kind", "name"), [(one.kind, one.name) for one in INSTALLED if one.name in FILLED_IN])
def test_the_shown_yaml_can_be_served_once_it_is_filled_in(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    certificate(tmp_path / "token.pem")
    (tmp_path / "storage.key").write_text(f"{'5a' * 32}\n")
    (tmp_path / "htpasswd").write_text(f"alice:{bcrypt.hashpw(b'of the test', bcrypt.gensalt(4)).decode()}\n")
    text = run("show", name, "--kind", kind).output
    for option, value in FILLED_IN[name].items():
        text, times = re.subn(rf"^( *)(?:# )?{option}:", rf"\1{option}: {value} #", text, flags=re.MULTILINE)
        assert times == 1
    (tmp_path / "config.yml").write_text(f"version: 0.1\n{text}" + ("" if kind == "storage" else "storage: inmemory\n"))
    configuration, warnings = load_configuration("config.yml", {"REGISTRY_HTTP_SECRET": "s"})
    assert warnings == []
    make_storage(configuration.storage.driver, configuration.storage.options).close()
    for authenticator, options in configuration.auth.items():
        make_auth(authenticator, options).close()
    for endpoint in configuration.notifications.endpoints:
        make_sink(endpoint.sink, endpoint.options).close()


def certificate(path: Path) -> None:
    """Write a certificate with a suitable key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tokens")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1)).sign(key, SHA256())
    path.write_bytes(made.public_bytes(Encoding.PEM))


def test_the_options_of_each_of_many_mappings_are_shown_as_a_comment() -> None:
    shown = run("show", "chaos").output
    lines = shown[shown.index("    faults: {}") :].splitlines()
    assert lines[:2] == ["    faults: {}  # mapping to mapping | list of mapping", "    # Options of each entry:"]
    assert "    #   # probability: 1.0  # number" in lines
    assert "        faults.*.probability  number = 1.0" in run().output.splitlines()


def test_a_mapping_without_required_options_can_be_uncommented() -> None:
    shown = run("show", "token").output.replace("# expires", "expires").replace("# refresh", "refresh")
    issuer = options_in(shown.replace("# key:", "key: k.pem"), "auth", "token")["issuer"]
    assert issuer == {"name": None, "key": "k.pem", "expires": "5m", "refresh": "720h"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inmemory", {"storage": {"inmemory": {}}}),
        ("waitress", {"http": {"server": "waitress"}}),
        ("bench", None),
    ],
)
def test_a_plugin_without_options_is_shown_with_how_to_select_it(name: str, expected: object) -> None:
    assert yaml.safe_load(run("show", name).output) == expected


def test_a_secret_is_shown_without_its_default(install: Install) -> None:  # noqa: F811 - the fixture
    install("secretive-driver", SECRETIVE, storage={"secretive": "Driver"})
    shown = run("show", "secretive").output
    assert shown.splitlines() == [
        "# The storage plugin secretive of secretive-driver 1.2.3, contract 1.1.",
        "# What it takes.",
        "storage:",
        "  secretive:",
        "    # Where it is.",
        "    place:  # text, required",
        "    # password:  # secret text",
        "    size: 7  # whole number",
    ]
    assert "swordfish" not in run().output + run("--json").output


def test_an_unknown_name_is_reported_with_the_nearest_one() -> None:
    result = run("show", "filesytem")
    assert (result.exit_code, result.output) == (
        1,
        "Error: no plugin is called 'filesytem', did you mean 'filesystem'?\n",
    )


def test_a_name_of_two_kinds_requires_the_kind(install: Install) -> None:  # noqa: F811 - the fixture
    install("second-token", SECRETIVE, storage={"token": "Driver"})
    assert "'token' is ambiguous (auth, storage): choose the kind with --kind" in run("show", "token").output
    assert yaml.safe_load(run("show", "token", "--kind", "storage").output)["storage"]["token"]["size"] == 7


def test_showing_an_unusable_plugin_is_an_error(install: Install) -> None:  # noqa: F811 - the fixture
    install("broken-driver", "import no_such_sdk", storage={"broken": "Driver"})
    result = run("show", "broken")
    assert result.exit_code == 1
    assert "the storage plugin 'broken' of broken-driver 1.2.3 cannot be used: cannot be imported" in result.output
