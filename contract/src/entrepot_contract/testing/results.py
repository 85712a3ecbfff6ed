"""The content of a report, in the form that is written as JSON."""

from __future__ import annotations

from typing import Final, NotRequired, TypedDict

__all__ = ["STATUSES", "PluginReport", "Report", "Row", "TestResult"]

STATUSES: Final = ("fail", "known-failure", "not-run", "pass", "pending", "not-claimed")
"""Worst first: a sentence has the worst status of its tests."""


class TestResult(TypedDict):
    """The result of one test."""

    test: str
    status: str
    reason: str


class Row(TypedDict):
    """One sentence and the tests that prove it."""

    verb: str
    sentence: str
    status: str
    tests: list[TestResult]


class PluginReport(TypedDict):
    """The results of one plugin."""

    driver: str
    test_class: str
    package: str | None
    version: str | None
    contract: str
    capabilities: dict[str, object]
    summary: dict[str, int]
    sentences: list[Row]
    not_proven: list[dict[str, str]]


class Report(TypedDict):
    """All plugins of one run; ``authenticators``, ``sinks`` and ``servers`` are present only if the run tested some."""

    kit: dict[str, str]
    drivers: list[PluginReport]
    authenticators: NotRequired[list[PluginReport]]
    sinks: NotRequired[list[PluginReport]]
    servers: NotRequired[list[PluginReport]]
