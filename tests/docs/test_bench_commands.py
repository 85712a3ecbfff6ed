"""The documented command lines of the benchmarks are accepted by the commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from performance import aims, pages
from performance.__main__ import main as lab
from performance.gate import __main__ as gate

from entrepot_benchmarks.cli.bench import bench

ROOT = Path(__file__).parents[2]
COMMANDS: dict[str, click.Command] = {
    "entrepot bench": bench,
    "PYTHONPATH=tests python -m performance": lab,
    "PYTHONPATH=tests python -m performance.aims": aims.main,
    "PYTHONPATH=tests python -m performance.gate": gate.main,
    "PYTHONPATH=tests python -m performance.pages": pages.main,
    "make bench": lab,
}


def shown() -> list[tuple[str, str]]:
    """Return all documented commands with their arguments, from indented lines and from inline code."""
    documents = (path for pattern in ("*.md", "docs/*.md", "benchmarks/*.md") for path in sorted(ROOT.glob(pattern)))
    text = "\n".join(path.read_text() for path in documents)
    begins = "|".join(re.escape(name) for name in sorted(COMMANDS, key=len, reverse=True))
    found = re.findall(rf"(?:^    |`)({begins})(?![-\w.])([^`#\n]*)", text, re.MULTILINE)
    return [(name, _arguments(name, rest)) for name, rest in found]


def _arguments(name: str, rest: str) -> str:
    if name != "make bench":
        return rest.strip()
    given = re.search(r'BENCH="([^"]*)"', rest)
    return given[1] if given else ""


@pytest.mark.parametrize(("name", "arguments"), shown(), ids=" ".join)
def test_a_documented_command_is_accepted(name: str, arguments: str) -> None:
    words = shlex.split(arguments)
    if words[:1] == ["report"]:
        words.append("--help")
    result = CliRunner().invoke(COMMANDS[name], [*words, "--help"])
    assert result.exit_code == 0, result.output


def test_an_unknown_option_would_be_detected() -> None:
    assert shown()
    assert CliRunner().invoke(bench, ["--no-such-option", "--help"]).exit_code != 0
