"""Serialization of a run in the format of pytest-benchmark, with the complete run as an additional key."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest_benchmark
from pydantic import TypeAdapter, ValidationError
from pytest_benchmark.stats import Stats

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.model import CaseInfo, Run, Series

__all__ = ["KEY", "from_document", "read_document", "to_document", "write_document"]

KEY = "entrepot"
"""The key of the complete run in a document; the other keys are those of pytest-benchmark."""

PERCENTILES = (0.5, 0.9, 0.99)

_RUN = TypeAdapter(Run)
_REMEDY = "use a file written by `entrepot bench`"


def to_document(run: Run) -> dict[str, object]:
    """Convert a run for ``pytest-benchmark compare``: one entry per series with a spell, in seconds per operation.

    ``from_document`` restores exactly the same run.
    """
    return {
        "machine_info": dict(run.machine),
        # The working directory is not related to the run, so neither is its commit.
        "commit_info": {
            "id": "unknown",
            "time": None,
            "author_time": None,
            "dirty": False,
            "project": KEY,
            "branch": "(unknown)",
        },
        "benchmarks": [_entry(run.case(series.case), series) for series in run.series if series.spells],
        "datetime": run.started.isoformat(),
        "version": pytest_benchmark.__version__,
        "partial": run.partial,
        KEY: _RUN.dump_python(run, mode="json"),
    }


def from_document(document: object) -> Run:
    """Restore a run. Raises BenchmarkError, with the key that is missing or invalid."""
    if not isinstance(document, Mapping):
        raise BenchmarkError(f"not a run, but a JSON {type(document).__name__}: {_REMEDY}")
    if KEY not in document:
        origin = "a file of pytest-benchmark itself" if "benchmarks" in document else "not a benchmark"
        raise BenchmarkError(f'the key "{KEY}" is missing ({origin}): {_REMEDY}')
    try:
        run = _RUN.validate_python(document[KEY])
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in (KEY, *first["loc"]))
        raise BenchmarkError(
            f'the key "{where}" is invalid: {first["msg"]}. The file was modified, or written by another version of '
            f"entrepot-benchmarks: {_REMEDY} of this version"
        ) from error
    _check(run)
    return run


def write_document(run: Run, path: Path) -> None:
    """Write a run to a file atomically. Raises BenchmarkError if that fails."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            temporary.write_text(json.dumps(to_document(run), ensure_ascii=False), encoding="utf-8")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise BenchmarkError(f"{path} could not be written ({error.strerror}): choose another file") from error


def read_document(path: Path) -> Run:
    """Read a run from a file. Raises BenchmarkError, with the file and the reason."""
    try:
        document: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchmarkError(f"{path} could not be read ({error.strerror}): {_REMEDY}") from error
    except ValueError as error:  # also for invalid UTF-8
        raise BenchmarkError(f"{path} is not JSON ({error}): {_REMEDY}") from error
    try:
        return from_document(document)
    except BenchmarkError as error:
        raise BenchmarkError(f"{path}: {error}") from error


def _entry(case: CaseInfo, series: Series) -> dict[str, object]:
    param = f"{series.target}-{series.clients}"
    name = f"{case.name}[{param}]"
    return {
        "group": f"{case.name}, {series.clients} {'client' if series.clients == 1 else 'clients'}",
        "name": name,
        "fullname": f"{case.group}::{name}",
        "params": {"target": series.target, "clients": series.clients},
        "param": param,
        "extra_info": {
            "target": series.target,
            "clients": series.clients,
            "unit": case.unit,
            "values": series.values(case.unit),
            "latency": _latency(series),
            "failed": series.failed,
        },
        "options": {},
        "stats": _stats([spell.elapsed / spell.operations for spell in series.spells]),
    }


def _latency(series: Series) -> dict[str, float]:
    if not any(spell.latencies for spell in series.spells):
        return {}
    return {f"p{share * 100:g}": series.latency(share) for share in PERCENTILES}


def _stats(seconds: list[float]) -> dict[str, object]:
    stats = Stats()  # type: ignore[no-untyped-call]  # pytest-benchmark claims to be typed, but has no annotations
    for value in seconds:
        stats.update(value)  # type: ignore[no-untyped-call]  # likewise
    return {**stats.as_dict(), "data": seconds, "iterations": 1}  # type: ignore[no-untyped-call]  # likewise


def _check(run: Run) -> None:
    cases, targets = {case.name for case in run.cases}, {target.name for target in run.targets}
    for index, series in enumerate(run.series):
        where = f"{KEY}.series.{index}"
        if series.case not in cases:
            raise BenchmarkError(
                f'the key "{where}.case" names {series.case!r}, which is not among the cases: {_REMEDY}'
            )
        if series.target not in targets:
            raise BenchmarkError(
                f'the key "{where}.target" names {series.target!r}, which is not among the targets: {_REMEDY}'
            )
        for turn, spell in enumerate(series.spells):
            if spell.operations < 1 or not spell.elapsed > 0:
                raise BenchmarkError(f'the key "{where}.spells.{turn}" has no operations or no duration: {_REMEDY}')
