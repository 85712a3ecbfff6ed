"""``entrepot auth explain`` prints what the registry would do."""

from __future__ import annotations

from pathlib import Path

import bcrypt
import pytest
from click.testing import CliRunner

from entrepot.cli import main

CONFIG = """
version: 0.1
storage: {inmemory: {}}
http: {secret: s}
"""
RULES = """
access:
  - {who: anonymous, repository: "public/**", actions: [pull]}
  - {who: "group:devs", repository: "team/**", actions: [pull, push]}
  - {who: "user:alice", actions: [catalog]}
"""


def _explain(folder: Path, text: str, *arguments: str) -> tuple[int, str]:
    file = folder / "config.yml"
    file.write_text(CONFIG + text)
    result = CliRunner().invoke(main, ["auth", "explain", *arguments, "--config", str(file)])
    return result.exit_code, result.output


@pytest.fixture
def htpasswd(tmp_path: Path) -> str:
    (tmp_path / "htpasswd").write_text(f"alice:{bcrypt.hashpw(b'password', bcrypt.gensalt(4)).decode()}\n")
    (tmp_path / "groups").write_text("devs: alice\n")
    return f"auth: {{htpasswd: {{realm: r, path: {tmp_path}/htpasswd, groupfile: {tmp_path}/groups}}}}"


IN_DEVS = "note: alice is in devs\n"


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("anonymous public/a pull", 0, "yes: rule 1 of access: anonymous may pull in public/**\n"),
        ("anonymous team/a pull", 1, "no: no rule allows it\n"),
        (
            "alice team/a push",
            0,
            IN_DEVS + "yes: rule 2 of access: group:devs may pull, push in team/**\n",
        ),
        ("alice any/thing catalog", 0, IN_DEVS + "yes: rule 3 of access: user:alice may catalog in **\n"),
        ("alice team/a delete", 1, IN_DEVS + "no: no rule allows it\n"),
        (
            "carol team/a pull --group devs",
            0,
            "note: no authenticator knows a user carol; assuming that carol is authenticated\n"
            "yes: rule 2 of access: group:devs may pull, push in team/**\n",
        ),
    ],
)
def test_the_deciding_rule_is_printed(tmp_path: Path, htpasswd: str, asked: str, status: int, said: str) -> None:
    assert _explain(tmp_path, htpasswd + RULES, *asked.split()) == (status, said)


def test_the_default_without_rules_is_printed(tmp_path: Path, htpasswd: str) -> None:
    assert _explain(tmp_path, "", "bob", "a", "push")[1].startswith("yes: neither auth nor access is configured")
    status, said = _explain(tmp_path, htpasswd, "alice", "a", "delete")
    assert (status, said.splitlines()[-1]) == (
        0,
        "yes: access is not set; default: authenticated may catalog, delete, pull, push in **",
    )
    assert _explain(tmp_path, htpasswd, "anonymous", "a", "pull")[0] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("auth: {htpasswd: {realm: r}}", "option 'path' is required"),
        ("auth: {silly: {}}", "no auth plugin is called 'silly'"),
        ("access: [{who: me, actions: [pull]}]", "access.0.who must be"),
    ],
)
def test_an_invalid_configuration_is_a_single_error(tmp_path: Path, text: str, said: str) -> None:
    status, output = _explain(tmp_path, text, "alice", "a", "pull")
    assert status == 1
    assert said in output
