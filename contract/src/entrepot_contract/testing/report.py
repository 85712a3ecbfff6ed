"""The report of a run of the kit, with one row for each sentence of the contract."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import pytest

from entrepot_contract.plugins import claims
from entrepot_contract.testing.kits import KITS
from entrepot_contract.testing.results import STATUSES, PluginReport, Report, Row
from entrepot_contract.testing.unproven import NOT_PROVEN
from entrepot_contract.testing.writers import as_html, as_markdown

__all__ = ["ReportCollector"]


class Case:
    """One test of the kit, from collection to teardown."""

    def __init__(self, about: dict[str, object]) -> None:
        self.about = about
        self.status = "not-run"
        self.reason = ""
        self.capabilities: dict[str, object] = {}

    def add(self, report: pytest.TestReport) -> None:
        """Add the result of one phase of the test."""
        noted = dict(report.user_properties)
        capabilities = noted.get("contract_capabilities")
        if isinstance(capabilities, dict):
            self.capabilities = capabilities
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            self.status, self.reason = "fail", str(getattr(crash, "message", report.longrepr)).split("\n")[0][:200]
        elif report.skipped and (known := getattr(report, "wasxfail", None)) is not None:
            self.status, self.reason = "known-failure", known
        elif report.skipped:
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            self.status, self.reason = str(noted.get("contract_status", "not-run")), str(why).removeprefix("Skipped: ")
        elif report.when == "call":
            self.status = "pass"


class ReportCollector:
    """Collects the results of the kit's tests, and writes the report at the end of the run."""

    def __init__(self, files: list[Path]) -> None:
        self.files = files
        self.cases: dict[str, Case] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Register every test, so that one which never runs is reported."""
        self._note(item.nodeid, item.user_properties)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the result of one phase of a test."""
        self._note(report.nodeid, report.user_properties)
        if report.nodeid in self.cases:
            self.cases[report.nodeid].add(report)

    def pytest_sessionfinish(self) -> None:
        """Write the report."""
        report = self.report()
        for file in self.files:
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.suffix == ".json":
                text = json.dumps(report, indent=2) + "\n"
            else:
                text = as_markdown(report) if file.suffix == ".md" else as_html(report)
            file.write_text(text, encoding="utf-8")

    def report(self) -> Report:
        """Return the results so far."""
        by_class: dict[str, list[Case]] = {}
        for case in self.cases.values():
            by_class.setdefault(str(case.about["class"]), []).append(case)
        plugins = [(str(cases[0].about["kit"]), _plugin(name, cases)) for name, cases in by_class.items()]
        seen = ["storage", *sorted({kind for kind, _ in plugins} - {"storage"})]
        kit = {KITS[kind].versioned: ".".join(map(str, KITS[kind].version)) for kind in seen}
        report: Report = {"kit": {"version": _version("entrepot-contract") or "?", **kit}, "drivers": []}
        report["drivers"] = [plugin for kind, plugin in plugins if kind == "storage"]
        if "auth" in seen:
            report["authenticators"] = [plugin for kind, plugin in plugins if kind == "auth"]
        if "notify" in seen:
            report["sinks"] = [plugin for kind, plugin in plugins if kind == "notify"]
        if "server" in seen:
            report["servers"] = [plugin for kind, plugin in plugins if kind == "server"]
        return report

    def _note(self, node: str, properties: list[tuple[str, object]]) -> None:
        about = dict(properties).get("contract_test")
        if isinstance(about, dict):
            self.cases.setdefault(node, Case(about))


def _plugin(name: str, cases: list[Case]) -> PluginReport:
    about = cases[0].about
    kind = str(about["kit"])
    package = _package(KITS[kind].group, str(about["module"]).partition(".")[0])
    contract = about["contract"]
    rows: dict[tuple[str, str], Row] = {}
    for case in cases:
        sentences = case.about["sentences"]
        for verb, text in sentences if isinstance(sentences, list) else []:
            row = rows.setdefault((verb, text), {"verb": verb, "sentence": text, "status": "", "tests": []})
            row["tests"].append({"test": str(case.about["test"]), "status": case.status, "reason": case.reason})
    for row in rows.values():
        row["status"] = min((test["status"] for test in row["tests"]), key=STATUSES.index)
    order = [verb for kit_class in KITS[kind].verbs for verb in vars(kit_class)]
    ordered = sorted(rows.values(), key=lambda row: order.index(row["verb"]) if row["verb"] in order else len(order))
    statuses = [row["status"] for row in ordered]
    return {
        "driver": str(about["driver"]),
        "test_class": name,
        "package": package,
        "version": _version(package) if package else None,
        "contract": ".".join(map(str, contract)) if isinstance(contract, list) else "?",
        "capabilities": next((case.capabilities for case in cases if case.capabilities), {}),
        "summary": {status: statuses.count(status) for status in STATUSES if status in statuses},
        "sentences": ordered,
        "not_proven": [
            {"verb": verb, "sentence": text, "reason": why} for (verb, text), why in NOT_PROVEN[kind].items()
        ],
    }


def _package(group: str, module: str) -> str | None:
    """Return the package that contains a top-level module."""
    if packages := metadata.packages_distributions().get(module):
        return packages[0]
    # An editable installation does not list its modules, but it lists its entry points.
    points = (point for point in claims(group) if point.module.partition(".")[0] == module)
    return next((point.dist.name for point in points if point.dist), None)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
