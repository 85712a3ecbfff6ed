"""``entrepot-contract check``: run the kits on installed plugins, without writing a test file."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

from entrepot_contract.plugins import claims
from entrepot_contract.testing.base import Plugin
from entrepot_contract.testing.kits import KITS
from entrepot_contract.testing.sections import HELP, UsageError, as_section, check_section

__all__ = ["OPTIONS", "Chosen", "main"]

OPTIONS = "ENTREPOT_CONTRACT_OPTIONS"
EPILOG = f"""
The file holds the plugin's options as a JSON object, or as YAML if PyYAML is installed. With --all-installed, it maps
the name of each plugin to such an object. "{{tmp}}" in a value is replaced by a new temporary directory for every test,
and "{{unique}}" by a new word. In a store whose options have no "{{tmp}}", each test deletes the objects that it wrote.
{HELP}
"""
Chosen = dict[str, dict[str, Mapping[str, object]]]
"""By kind and name, the file's content for each plugin to test."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 if every plugin passes, 1 if one fails, 2 if the command could not be run."""
    parser = argparse.ArgumentParser(prog="entrepot-contract", description="The test kits of entrepot's contracts.")
    check = parser.add_subparsers(required=True).add_parser(
        "check",
        help="run the kits on installed plugins",
        description="Run the kits on installed plugins.",
        epilog=EPILOG,
    )
    which = check.add_mutually_exclusive_group(required=True)
    which.add_argument("name", nargs="?", metavar="NAME", help="a plugin's name, as in the configuration")
    which.add_argument("--all-installed", action="store_true", help="test all installed plugins")
    check.add_argument("--kind", choices=sorted(KITS), help="kind of plugin, if NAME is ambiguous")
    check.add_argument("--config", metavar="FILE", type=Path, help="file with the options")
    check.add_argument(
        "--report", metavar="FILE", action="append", default=[], help="write a report (.json, .md or .html)"
    )
    given = parser.parse_args(arguments)
    try:
        chosen = choose(given.name, given.kind, read_config(given.config))
    except UsageError as error:
        sys.stderr.write(f"entrepot-contract: {error}\n")
        return 2
    return run(chosen, given.report)


def read_config(file: Path | None) -> Mapping[str, object]:
    """Return the content of a configuration file, or an empty mapping without a file."""
    if file is None:
        return {}
    try:
        text = file.read_text(encoding="utf-8")
        found = json.loads(text) if file.suffix == ".json" else _yaml(file, text)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{file} is not valid: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{file} must contain an object that maps option names, or plugin names, to values")
    return found


def _yaml(file: Path, text: str) -> object:
    if importlib.util.find_spec("yaml") is None:
        raise UsageError(f"{file} is not a .json file, and YAML requires PyYAML: pip install PyYAML")
    yaml = importlib.import_module("yaml")
    try:
        found: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    return found


def choose(name: str | None, kind: str | None, config: Mapping[str, object]) -> Chosen:
    """Return the file's content for each plugin to test."""
    points = {each: {point.name: point for point in claims(KITS[each].group)} for each in KITS}
    if name is None:
        kinds = [each for each in points if points[each] and kind in {None, each}]
        wanted = [(each, plugin) for each in kinds for plugin in sorted(points[each])]
    else:
        wanted = [(each, name) for each in points if name in points[each] and kind in {None, each}]
        if len(wanted) > 1:
            kinds_of_it = " or --kind ".join(each for each, _ in wanted)
            raise UsageError(f"{name!r} is ambiguous: add --kind {kinds_of_it}")
    if not wanted:
        raise UsageError(_none_of(name, {each: list(points[each]) for each in points if kind in {None, each}}))
    chosen: Chosen = {}
    for each, plugin in wanted:
        section = config if name is not None else config.get(plugin, {})
        where = f"--config FILE, under {plugin!r}" if name is None else "--config FILE"
        if not isinstance(section, dict):
            raise UsageError(f"the options of {plugin!r} must be an object")
        options = _options_of(each, points[each][plugin])
        if each == "storage":
            section = as_section(section, options)
        check_section(each, plugin, section, where)
        if each == "storage" and options and not section["options"]:
            raise UsageError(f"{plugin!r} takes options, which determine where the kit writes: set them in {where}")
        chosen.setdefault(each, {})[plugin] = section
    return chosen


def _none_of(name: str | None, installed: Mapping[str, Sequence[str]]) -> str:
    nouns = " or ".join(KITS[kind].noun for kind in installed)
    names = sorted(plugin for plugins in installed.values() for plugin in plugins)
    if name is not None:
        return f"no {nouns} {name!r} is installed; installed: {', '.join(names) or 'none'}"
    groups = " or ".join(repr(KITS[kind].group) for kind in installed)
    return f"no {nouns} is installed: no package has an entry point in the group {groups}"


def _options_of(kind: str, point: EntryPoint) -> Mapping[str, object]:
    try:
        plugin = point.load()
    except Exception as error:
        raise UsageError(f"{point.name!r} cannot be imported from {point.value}: {error}") from error
    wanted = KITS[kind].plugin
    if not (isinstance(plugin, type) and wanted in plugin.__mro__):
        message = (
            f"{point.name!r} is not a valid {KITS[kind].noun}: {point.value} is not a subclass of {wanted.__name__}"
        )
        raise UsageError(message)
    checked: type[Plugin] = plugin
    return checked.Options.model_fields


def run(chosen: Chosen, reports: Sequence[str]) -> int:
    """Run the kit in a separate pytest process, which ignores any configuration of the working directory."""
    with tempfile.TemporaryDirectory(prefix="entrepot-contract-") as folder:
        options = Path(folder, "options.json")
        options.touch(mode=0o600)
        options.write_text(json.dumps(chosen), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "-W", "error"]
        command += ["--import-mode=importlib", "--noconftest", "--rootdir", folder, f"--basetemp={folder}/base"]
        command += [f"--contract-report={Path(file).absolute()}" for file in reports]
        command += [str(Path(__file__).with_name("installed.py"))]
        environment = {**os.environ, OPTIONS: str(options)}
        return int(subprocess.run(command, env=environment, check=False).returncode != 0)  # noqa: S603 - the kit itself
