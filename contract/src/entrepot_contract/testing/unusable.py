"""What makes every test of a suite fail, reported once: wrong options, or a store in use; and runs without a proof."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

import pytest

from entrepot_contract.errors import ConfigError

__all__ = ["PendingWatch", "Unusable", "said_once"]

_REASONS: Final = pytest.StashKey[dict[type, str]]()


class Unusable(Exception):  # noqa: N818 - what the suite has given
    """What the suite has given cannot be used by any test; the message says why."""


def said_once(item: pytest.Item, case: type) -> Generator[None, None, None]:
    """Set up a test around a ``yield``; after one with unusable options, the others of its class are not run."""
    reasons = item.config.stash.setdefault(_REASONS, {})
    if case in reasons:
        item.user_properties.append(("contract_status", "not-run"))
        pytest.skip(f"not-run: {reasons[case]}")
    try:
        yield
    except ConfigError as error:
        reasons[case] = f"the options of {case.__name__} are wrong: {error}"
    except Unusable as error:
        reasons[case] = f"{case.__name__}: {error}"
    if case in reasons:
        pytest.fail(f"{reasons[case]}\nNo other test of {case.__name__} is run.", pytrace=False)


class PendingWatch:
    """Lets a run fail in which a suite has only tests that are newer than its plugin."""

    def __init__(self) -> None:
        self.statuses: dict[str, set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the status of a test of a kit."""
        noted = dict(report.user_properties)
        about = noted.get("contract_test")
        if isinstance(about, dict):
            status = str(noted.get("contract_status", "skipped")) if report.skipped else str(report.outcome)
            if report.skipped or report.when == "call":
                self.statuses.setdefault(str(about["class"]), set()).add(status)

    def idle(self) -> list[str]:
        """Return the suites of which every test that ran is pending."""
        return [
            name for name, seen in self.statuses.items() if "pending" in seen and seen <= {"pending", "not-claimed"}
        ]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let the run fail."""
        if self.idle() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why."""
        for name in self.idle():
            terminalreporter.write_line(
                f"{name}: every test is pending, so nothing was proven: the plugin declares a contract that is too old",
                red=True,
            )
