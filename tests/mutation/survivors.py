"""Report the survivors of a mutation run (``make mutate``) with their explanations; fails if one is not explained.

``survivors.py PLUGIN...`` prints the report; ``survivors.py --left PLUGIN`` prints the names of unexplained survivors.
"""

from __future__ import annotations

import ast
import json
import os
import platform
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

ROOT = Path(__file__).parents[2]
EXPLAINED = Path(__file__).with_name("explained.toml")

CLASSES = {
    "words": "only the text of a message differs, which the contract does not specify",
    "same": "no call of the contract behaves differently",
    "speed": "only time, memory or the number of system calls differs",
    "alive": "behaviour differs, but no test detects it",
}
EQUIVALENT = frozenset(CLASSES) - {"alive"}
KILLED = ("killed", "timeout")


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test killed: its place, its change, its class and the reason."""

    name: str
    place: str
    before: str
    after: str
    kind: str
    why: str


def short(mutant: str) -> str:
    """Convert mutmut's name of a mutant to ``module.Class.method:number``."""
    module, _, name = mutant.partition(".")[2].rpartition(".")
    function, _, number = name.rpartition("__mutmut_")
    return f"{module}.{scope_of(function)}:{number}"


def scope_of(function: str) -> str:
    """Convert mutmut's name of a function to ``Class.method`` or ``function``."""
    return function.removeprefix("x").removeprefix("_").removeprefix("ǁ").replace("ǁ", ".")


def verdicts() -> Iterator[tuple[Path, str, str]]:
    """Yield the source, the name and the verdict of each mutant; the current directory is the copy of the plugin."""
    for meta in sorted(Path("mutants/src").rglob("*.py.meta")):
        source = meta.relative_to("mutants").with_suffix("")
        for mutant, code in json.loads(meta.read_text())["exit_code_by_key"].items():
            if code is not None:
                yield source, mutant, status_by_exit_code[code]


def line_of(source: Path, mutant: str) -> int:
    """Return the first line of a mutant's function, including decorators."""
    *scope, name = scope_of(mutant.rpartition(".")[2].rpartition("__mutmut_")[0]).split(".")
    body: list[ast.stmt] = ast.parse(source.read_text()).body
    for part in scope:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == part)
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name.lstrip("_") == name.lstrip("_"):
            return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    raise LookupError(f"{source} has no function {name}: it has changed since the run; run `make mutate` again")


def changed(source: Path, mutant: str) -> tuple[int, str, str]:
    """Return the line that a mutant changes, and its text before and after."""
    lines = get_diff_for_mutant(mutant, path=source).splitlines()[2:]
    found = re.match(r"@@ -(\d+)", lines[0])
    first = int(found[1]) if found else 1
    offset = next(at for at, line in enumerate(lines[1:]) if line[0] in "-+")
    before, after = (" ".join(line[1:].strip() for line in lines[1:] if line[0] == sign) for sign in "-+")
    return line_of(source, mutant) + first - 1 + offset, before, after


def survivors(plugin: str, explained: dict[str, str]) -> Iterator[Survivor]:
    """Yield the survivors of a plugin in source order."""
    for source, mutant, verdict in verdicts():
        if verdict in KILLED:
            continue
        line, before, after = changed(source, mutant)
        kind, _, why = explained.get(short(mutant), ": not explained yet").partition(": ")
        yield Survivor(f"{plugin} {short(mutant)}", f"{source.name}:{line}", before, after, kind, why)


def cell(text: str) -> str:
    """Format a text as code in a table cell."""
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"


def table(found: list[Survivor]) -> Iterator[str]:
    """Yield the tables of survivors, one for each class."""
    for kind, meaning in CLASSES.items():
        of_kind = sorted((one for one in found if one.kind == kind), key=lambda one: one.name)
        if of_kind:
            yield from [
                "",
                f"## {kind}: {meaning}",
                "",
                "| mutant | at | was | became | why |",
                "|---|---|---|---|---|",
            ]
            for one in of_kind:
                yield f"| {one.name} | {one.place} | {cell(one.before)} | {cell(one.after)} | {one.why} |"


def timed_out() -> set[str]:
    """Return the mutants that were killed by a timeout of a test."""
    notes = Path("mutants/kills.jsonl")
    kills = (json.loads(line) for line in notes.read_text().splitlines()) if notes.exists() else ()
    return {kill["mutant"] for kill in kills if "Timeout (>" in kill["why"]}


def left(plugin: str) -> None:
    """Print the names of the survivors that are not explained."""
    os.chdir(ROOT / "build" / "mutation" / plugin)
    explained = tomllib.loads(EXPLAINED.read_text())[plugin]
    for _, mutant, verdict in verdicts():
        if verdict not in KILLED and short(mutant) not in explained:
            sys.stdout.write(mutant + "\n")


def report(plugins: list[str]) -> None:
    """Print the report. Exits with 1 if a survivor is not explained, or if a rate is below 95 %."""
    explained = tomllib.loads(EXPLAINED.read_text())
    found: list[Survivor] = []
    rows: list[str] = []
    rates: list[float] = []
    for plugin in plugins:
        os.chdir(ROOT / "build" / "mutation" / plugin)
        counts = Counter(verdict for _, _, verdict in verdicts())
        killed = {mutant for _, mutant, verdict in verdicts() if verdict in KILLED}
        late = len(killed & timed_out()) + counts["timeout"]
        here = list(survivors(plugin, explained[plugin]))
        by_kind = Counter(one.kind for one in here)
        equivalent = sum(by_kind[kind] for kind in EQUIVALENT)
        total = counts.total()
        rates.append(len(killed) / (total - equivalent))
        rows.append(
            f"| {plugin} | {total} | {len(killed)} | {late} | {len(here)} | "
            f"{' | '.join(str(by_kind[kind]) for kind in CLASSES)} | {rates[-1]:.1%} | {len(killed) / total:.1%} |"
        )
        found += here
    heads = f"| driver | mutants | killed | by time | survived | {' | '.join(CLASSES)} | rate | raw |"
    sys.stdout.write("\n".join([heads, "|---" * (7 + len(CLASSES)) + "|", *rows, *table(found)]) + "\n")
    unknown = [one for one in found if one.kind not in CLASSES]
    for one in unknown:
        sys.stderr.write(f"not explained in {EXPLAINED.name}: {one.name} at {one.place}: {one.before} -> {one.after}\n")
    sys.exit(bool(unknown) or min(rates) < 0.95)


if __name__ == "__main__":
    if sys.argv[1] == "--left":
        left(sys.argv[2])
    else:
        sys.stdout.write(f"mutmut {version('mutmut')}, Python {platform.python_version()}\n\n")
        report(sys.argv[1:])
