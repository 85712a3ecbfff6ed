"""The pytest plugin: the options, and benchmarks in the place of contract tests where an option asks for them.

pytest loads it in every run where entrepot-benchmarks is installed, so it imports nothing before it is asked.
"""

from __future__ import annotations

import argparse

import pytest


def _mebibytes(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of MiB, of at least 1")
    return int(text)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; their long names collide with nobody's."""
    group = parser.getgroup("entrepot-benchmarks")
    group.addoption(
        "--storage-benchmarks",
        action="store_true",
        help="benchmark the drivers of all StorageContract classes, in the place of every test",
    )
    group.addoption(
        "--storage-host-benchmarks",
        action="store_true",
        help="benchmark a whole host on the drivers of all StorageContract classes, in the place of every test",
    )
    group.addoption(
        "--storage-backend",
        action="append",
        default=[],
        metavar="[LABEL:]NAME[=CONFIG]",
        help="a storage driver for --pyargs entrepot_benchmarks.suites.installed, or .hosted, which take every "
        "installed one that needs no options where none is named; CONFIG is a YAML or JSON file, or YAML in braces, "
        "and '{tmp}' in it a fresh folder; may be given again",
    )
    group.addoption(
        "--storage-largest-blob",
        type=_mebibytes,
        default=256,
        metavar="MIB",
        help="leave out larger objects (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the rest where it is asked for."""
    driver, host = config.getoption("storage_benchmarks"), config.getoption("storage_host_benchmarks")
    if not (driver or host):
        return
    if config.getoption("contract_report", []):
        raise pytest.UsageError("--contract-report tells what tests have proven, and --storage-benchmarks runs none")
    from entrepot_benchmarks.suites.collecting import Collecting

    config.pluginmanager.register(Collecting(driver=driver, host=host), "entrepot-storage-benchmarks")
