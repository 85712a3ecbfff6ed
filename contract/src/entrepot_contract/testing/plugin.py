"""The pytest plugin of the kit: known failures, statuses, and ``--contract-report``.

pytest loads it in every run where entrepot-contract is installed, so it imports little.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from entrepot_contract.testing.sentences import sentences_of
from entrepot_contract.testing.unusable import PendingWatch, said_once

if TYPE_CHECKING:
    from entrepot_contract.testing.report import ReportCollector

FORMATS = (".json", ".md", ".html")
LETTERS = {"not-claimed": "n", "pending": "p", "not-run": "-"}

for _part in ("storage", "auth", "notify", "server", "configuring", "processes", "integrity"):
    pytest.register_assert_rewrite(f"entrepot_contract.testing.{_part}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--contract-report``, ``--contract-thorough`` and ``--contract-large``."""
    group = parser.getgroup("entrepot-contract")
    group.addoption(
        "--contract-thorough",
        action="store_true",
        help="repeat races and generated sequences of calls three times as often, to detect faults that occur rarely",
    )
    group.addoption(
        "--contract-large",
        action="store_true",
        help="also test objects of more than 5 GiB, and an upload of 10,000 appends; the store needs 12 GiB",
    )
    group.addoption(
        "--contract-report",
        action="append",
        default=[],
        metavar="FILE",
        help="write a report of the sentences of the contract that were proven, as .json, .md or .html; repeatable",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect a report if requested; with xdist, only in the controller, which receives the results of all tests."""
    files = [Path(name) for name in config.getoption("contract_report")]
    for file in files:
        if file.suffix not in FORMATS:
            raise pytest.UsageError(
                f"--contract-report={file}: the file name must end with one of {', '.join(FORMATS)}"
            )
    if hasattr(config, "workerinput"):
        return
    if files:
        config.pluginmanager.register(_collector(files), "entrepot-contract-report")
    config.pluginmanager.register(PendingWatch(), "entrepot-contract-pending")


def _collector(files: list[Path]) -> ReportCollector:
    from entrepot_contract.testing.report import ReportCollector

    return ReportCollector(files)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Record the plugin and the sentences of a test, and mark known failures."""
    case = getattr(item, "cls", None)
    if not isinstance(item, pytest.Function) or case is None or not hasattr(case, "contract_kit"):
        return
    driver = getattr(case, case.under_test, None)
    about = {
        "kit": case.contract_kit,
        "class": item.nodeid.rpartition("::")[0],
        "driver": getattr(driver, "name", "?"),
        "module": getattr(driver, "__module__", "?"),
        "contract": list(getattr(driver, "contract", ())),
        "test": item.name,
        "sentences": [list(pair) for pair in sentences_of(item.function)],
    }
    item.user_properties.append(("contract_test", about))
    for name in {item.name, item.originalname} & set(case.known_failures):
        item.add_marker(pytest.mark.xfail(reason=case.known_failures[name], strict=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Report options that no test can use once."""
    case = getattr(item, "cls", None)
    if case is None or not hasattr(case, "contract_kit"):
        return (yield)
    return (yield from said_once(item, case))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the sentences of the contract that a failed test proves."""
    report = yield
    about = dict(item.user_properties).get("contract_test")
    if report.failed and isinstance(about, dict):
        lines = [f"{where}: {text}" for where, text in about["sentences"]]
        report.sections.append((f"sentences of the contract that {about['test']} proves", "\n".join(lines)))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test of a kit with a limit for its time."""
    if not hasattr(pyfuncitem.cls, "contract_kit"):
        return None
    from entrepot_contract.testing.watchdog import run_test

    run_test(pyfuncitem)
    return True


def pytest_report_teststatus(report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
    """Count tests that do not apply to a plugin under their own status, not as skipped."""
    if report.skipped and isinstance(report, pytest.TestReport):
        for name, value in report.user_properties:
            if name == "contract_status":
                return str(value), LETTERS[str(value)], str(value).upper()
    return None
