"""The stored baseline: ratios of a run that somebody found good, by the processor that they were measured on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from entrepot_benchmarks.errors import BenchmarkError

__all__ = ["Baseline", "load_baseline", "save_baseline"]


class Baseline(BaseModel):
    """What is compared with.

    - ``ratios``: by the processor's name, and there by the row, the median ratio to the peer.
    - ``calls``: by the row, how many calls of the driver an operation takes.
    """

    model_config = ConfigDict(extra="forbid")

    recorded: str = ""
    calls: dict[str, int] = {}
    ratios: dict[str, dict[str, float]] = {}

    def of(self, processor: str) -> Mapping[str, float]:
        """The ratios of a processor; none where it was never measured."""
        return self.ratios.get(processor, {})


def load_baseline(file: Path) -> Baseline:
    """The baseline in a file.

    Raises BenchmarkError where there is none, with the command that records one.
    """
    try:
        return Baseline.model_validate_json(file.read_bytes())
    except OSError as error:
        raise BenchmarkError(f"{file} cannot be read ({error.strerror}); --record writes one") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BenchmarkError(f"{file} is no baseline: {where}: {first['msg']}; --record writes one") from error


def save_baseline(baseline: Baseline, file: Path) -> None:
    """Write it.

    Raises BenchmarkError where that fails.
    """
    try:
        file.write_text(json.dumps(baseline.model_dump(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    except OSError as error:
        raise BenchmarkError(f"{file} cannot be written: {error.strerror}") from error
