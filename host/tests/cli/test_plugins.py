"""``entrepot plugins``: what is installed, what it takes, and whether it loads."""

from __future__ import annotations

import json
from importlib.metadata import entry_points, version
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from host.tests.plugins.conftest import Install, install  # noqa: F401 - a fixture

from entrepot.cli import main
from entrepot.plugins import installed_plugins
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
    return CliRunner(env=environ).invoke(main, ["plugins", *arguments])


def test_plugins_are_listed_with_what_they_can_do_and_take() -> None:
    lines = run().output.splitlines()
    assert lines[0].split() == ["KIND", "NAME", "PACKAGE", "VERSION", "CONTRACT", "STATUS"]
    row = ["storage", "filesystem", "entrepot-storage-fs", version("entrepot-storage-fs"), "1.0", "ok"]
    place = [line.split() for line in lines].index(row)
    assert lines[place + 1].startswith("    capabilities: create true, shared true, durable true, move rename")
    assert any("rootdirectory: text = /var/lib/registry" in line for line in lines[place + 1 : place + 4])
    assert any("bucket: text, required" in line for line in lines)


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
        "description": "The directory that holds everything; made when it is first written to.",
        "options": [],
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
    return dict(section[kind][name] or {})


INSTALLED = [one for one in installed_plugins() if one.kind in {"storage", "auth", "notify"} and one.error is None]


@pytest.mark.parametrize(("kind", "name"), [(one.kind, one.name) for one in INSTALLED])
def test_the_options_that_are_shown_are_those_that_the_plugin_takes(kind: str, name: str) -> None:
    (point,) = entry_points(group=f"entrepot.{kind}", name=name)
    options: type[DriverOptions] = point.load().Options
    shown = run("show", name, "--kind", kind).output
    given = options_in(shown, kind, name)
    known = {field.alias or name: field for name, field in options.model_fields.items()}
    for option, field in known.items():
        assert f"{option}:" in shown
        assert f"{option}:  # required" in shown or not field.is_required()
    required = {option for option, field in known.items() if field.is_required()}
    assert required <= set(given) <= set(known)
    if not required:
        assert parse_options(options, given, driver=name) == options()


def test_what_is_shown_of_a_mapping_without_requirements_can_be_commented_in() -> None:
    shown = run("show", "token").output.replace("# expires", "expires").replace("# refresh", "refresh")
    issuer = options_in(shown.replace("# key:", "key: k.pem"), "auth", "token")["issuer"]
    assert issuer == {"name": None, "key": "k.pem", "expires": "300s", "refresh": "2592000s"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inmemory", {"storage": {"inmemory": {}}}),
        ("waitress", {"http": {"server": "waitress"}}),
        ("bench", None),
    ],
)
def test_a_plugin_without_options_is_shown_with_how_to_choose_it(name: str, expected: object) -> None:
    assert yaml.safe_load(run("show", name).output) == expected


def test_a_secret_is_shown_by_name_and_never_with_its_default(install: Install) -> None:  # noqa: F811 - the fixture
    install("secretive-driver", SECRETIVE, storage={"secretive": "Driver"})
    shown = run("show", "secretive").output
    assert shown.splitlines() == [
        "# The storage plugin secretive of secretive-driver 1.2.3, contract 1.0.",
        "# What it takes.",
        "storage:",
        "  secretive:",
        "    # Where it is. (text, required)",
        "    place:  # required",
        "    # (secret text)",
        "    # password:",
        "    # (whole number)",
        "    size: 7",
    ]
    assert "swordfish" not in run().output + run("--json").output


def test_a_name_that_no_plugin_has_is_told_with_the_nearest() -> None:
    result = run("show", "filesytem")
    assert (result.exit_code, result.output) == (
        1,
        "Error: no plugin is called 'filesytem', did you mean 'filesystem'?\n",
    )


def test_a_name_of_two_kinds_needs_its_kind(install: Install) -> None:  # noqa: F811 - the fixture
    install("second-token", SECRETIVE, storage={"token": "Driver"})
    assert "'token' is a plugin of auth and of storage: say which by --kind" in run("show", "token").output
    assert yaml.safe_load(run("show", "token", "--kind", "storage").output)["storage"]["token"]["size"] == 7


def test_a_plugin_that_cannot_be_used_has_nothing_to_show(install: Install) -> None:  # noqa: F811 - the fixture
    install("broken-driver", "import no_such_sdk", storage={"broken": "Driver"})
    result = run("show", "broken")
    assert result.exit_code == 1
    assert "the storage plugin 'broken' of broken-driver 1.2.3 cannot be used: cannot be imported" in result.output
