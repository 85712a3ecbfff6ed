"""What a host keeps over HTTP/2 of its rate over HTTP/1.1: within one run, and so the same on every processor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from performance.comparisons import UPLOAD, over_http2
from performance.gate.judging import judge_ratios
from performance.gate.measuring import Extent, measure_rows
from performance.gate.rows import Ratios

from entrepot_benchmarks.runner import Progress

__all__ = ["EXPECTED", "UPLOADS", "measure_protocols"]

EXPECTED: Final[Mapping[str, float]] = {f"HTTP/2: {UPLOAD}, 1 clients: rate": 0.625}
"""Stands for the baseline, so that the row is lost below 0.5. Measured: 0.8 to 1; with windows of 1 MiB and without
TCP_NODELAY 0.15, and 0.3 where other programs took the processor."""

UPLOADS: Final = Extent(rounds=3, seconds=0.05, again=3, rates=True, cases=(UPLOAD,))


def measure_protocols(folder: Callable[[ExitStack], Path], run: str, extent: Extent, progress: Progress) -> Ratios:
    """An upload over HTTP/2 to one over HTTP/1.1, by the clock; raises BenchmarkError where anything failed."""

    def lost(rows: Ratios) -> list[str]:
        return [verdict.row for verdict in judge_ratios(rows, EXPECTED) if verdict.lost]

    compare = partial(over_http2, clients=(1,))
    return measure_rows(compare, folder, run, extent, ("HTTP/2",), "HTTP/1.1", lost, progress)
