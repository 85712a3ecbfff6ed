"""The pytest plugin, which adds options to run benchmarks instead of contract tests.

pytest loads it in every run if entrepot-benchmarks is installed, so imports are deferred.
"""

from __future__ import annotations

import argparse

import pytest


def _mebibytes(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of MiB of at least 1")
    return int(text)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, with long names to avoid collisions."""
    group = parser.getgroup("entrepot-benchmarks")
    group.addoption(
        "--storage-benchmarks",
        action="store_true",
        help="benchmark the drivers of all StorageContract classes instead of running tests",
    )
    group.addoption(
        "--storage-host-benchmarks",
        action="store_true",
        help="benchmark a host on the drivers of all StorageContract classes instead of running tests",
    )
    group.addoption(
        "--storage-backend",
        action="append",
        default=[],
        metavar="[LABEL:]NAME[=CONFIG]",
        help="a storage driver for --pyargs entrepot_benchmarks.suites.installed, or .hosted; by default, every "
        "installed driver that needs no options. CONFIG is a YAML or JSON file, or YAML in braces; '{tmp}' in it is "
        "replaced by a temporary folder. Repeatable",
    )
    group.addoption(
        "--storage-largest-blob",
        type=_mebibytes,
        default=256,
        metavar="MIB",
        help="skip larger objects (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the collection hooks if an option requests benchmarks."""
    driver, host = config.getoption("storage_benchmarks"), config.getoption("storage_host_benchmarks")
    if not (driver or host):
        return
    if config.getoption("contract_report", []):
        raise pytest.UsageError("--contract-report needs test results, but --storage-benchmarks runs no tests")
    from entrepot_benchmarks.suites.collecting import Collecting

    config.pluginmanager.register(Collecting(driver=driver, host=host), "entrepot-storage-benchmarks")
