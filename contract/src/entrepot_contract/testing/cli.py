"""``entrepot-contract check``: the kit on drivers that are installed, with no file to write."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from entrepot_contract.storage import StorageDriver

__all__ = ["GROUP", "OPTIONS", "main"]

GROUP = "entrepot.storage"
OPTIONS = "ENTREPOT_CONTRACT_OPTIONS"
EPILOG = """
The file holds the driver's options as a JSON object, or as YAML where PyYAML is installed. With --all-installed it
maps the name of each driver to its options. "{tmp}" in a value stands for a fresh folder, made for every test.
"""


class UsageError(Exception):
    """The command cannot run as it was given; the message says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; answers 0 where every driver passes, 1 where one fails, 2 where it could not be run."""
    parser = argparse.ArgumentParser(prog="entrepot-contract", description="The test kit of entrepot's contract.")
    check = parser.add_subparsers(required=True).add_parser(
        "check", help="run the kit on installed drivers", description="Run the kit on installed drivers.", epilog=EPILOG
    )
    which = check.add_mutually_exclusive_group(required=True)
    which.add_argument("name", nargs="?", metavar="NAME", help="a driver's name, as in the configuration")
    which.add_argument("--all-installed", action="store_true", help="every driver that is installed")
    check.add_argument("--config", metavar="FILE", type=Path, help="the options")
    check.add_argument("--report", metavar="FILE", action="append", default=[], help="write a .json, .md or .html")
    given = parser.parse_args(arguments)
    try:
        chosen = choose(given.name, read_config(given.config))
    except UsageError as error:
        sys.stderr.write(f"entrepot-contract: {error}\n")
        return 2
    return run(chosen, given.report)


def read_config(file: Path | None) -> Mapping[str, object]:
    """The content of a configuration file; nothing without a file."""
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
        raise UsageError(f"{file} has to hold an object: names of options, or of drivers, with their values")
    return found


def _yaml(file: Path, text: str) -> object:
    if importlib.util.find_spec("yaml") is None:
        raise UsageError(f"{file} is not .json, and YAML needs PyYAML: pip install PyYAML")
    yaml = importlib.import_module("yaml")
    try:
        found: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    return found


def choose(name: str | None, config: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """The options of each driver to run."""
    installed = {point.name: point for point in metadata.entry_points(group=GROUP)}
    if name is not None and name not in installed:
        raise UsageError(f"no driver {name!r} is installed; installed are: {', '.join(sorted(installed)) or 'none'}")
    if not installed:
        raise UsageError(f"no driver is installed: no package has an entry point in the group {GROUP!r}")
    chosen: dict[str, Mapping[str, object]] = {}
    for wanted in [name] if name is not None else sorted(installed):
        options = config if name is not None else config.get(wanted, {})
        if not isinstance(options, dict):
            raise UsageError(f"the options of {wanted!r} have to be an object")
        if _load(installed[wanted]).Options.model_fields and not options:
            where = f"--config FILE, under {wanted!r}" if name is None else "--config FILE"
            raise UsageError(f"{wanted!r} takes options, and the kit writes where they say: give them in {where}")
        chosen[wanted] = options
    return chosen


def _load(point: metadata.EntryPoint) -> type[StorageDriver]:
    try:
        driver = point.load()
    except Exception as error:
        raise UsageError(f"{point.name!r} cannot be imported from {point.value}: {error}") from error
    if not (isinstance(driver, type) and issubclass(driver, StorageDriver)):
        raise UsageError(f"{point.name!r} is no driver: {point.value} is no subclass of StorageDriver")
    return driver


def run(chosen: Mapping[str, Mapping[str, object]], reports: Sequence[str]) -> int:
    """Run the kit in a pytest of its own, which no configuration of the working folder can change."""
    with tempfile.TemporaryDirectory(prefix="entrepot-contract-") as folder:
        options = Path(folder, "options.json")
        options.touch(mode=0o600)
        options.write_text(json.dumps(chosen), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "-W", "error"]
        command += ["--import-mode=importlib", "--rootdir", folder, f"--basetemp={folder}/base"]
        command += [f"--contract-report={Path(file).absolute()}" for file in reports]
        command += [str(Path(__file__).with_name("installed.py"))]
        environment = {**os.environ, OPTIONS: str(options)}
        return int(subprocess.run(command, env=environment, check=False).returncode != 0)  # noqa: S603 - the kit itself
