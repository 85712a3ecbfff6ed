"""The stored baseline: ratios of accepted runs, by processor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from entrepot_benchmarks.errors import BenchmarkError

__all__ = ["Baseline", "load_baseline", "save_baseline"]


class Baseline(BaseModel):
    """The baseline to compare with.

    - ``ratios``: median ratio to the peer, by processor and row.
    - ``calls``: number of driver calls of an operation, by row.
    """

    model_config = ConfigDict(extra="forbid")

    recorded: str = ""
    calls: dict[str, int] = {}
    ratios: dict[str, dict[str, float]] = {}

    def of(self, processor: str) -> Mapping[str, float]:
        """Return the ratios of a processor; empty if it was never measured."""
        return self.ratios.get(processor, {})


def load_baseline(file: Path) -> Baseline:
    """Load a baseline.

    Raises BenchmarkError if the file is missing or invalid.
    """
    try:
        return Baseline.model_validate_json(file.read_bytes())
    except OSError as error:
        raise BenchmarkError(f"{file} cannot be read ({error.strerror}); create it with --record") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BenchmarkError(
            f"{file} is not a valid baseline: {where}: {first['msg']}; create one with --record"
        ) from error


def save_baseline(baseline: Baseline, file: Path) -> None:
    """Write a baseline.

    Raises BenchmarkError if the file cannot be written.
    """
    try:
        file.write_text(json.dumps(baseline.model_dump(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    except OSError as error:
        raise BenchmarkError(f"{file} cannot be written: {error.strerror}") from error
