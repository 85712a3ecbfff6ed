"""Pulls of a large blob, from the disk and from the page cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from entrepot_benchmarks.load.streams import run_together
from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.measure import Aim, Measure, Row, Sample

__all__ = ["Source", "pull_throughput"]

WARM_PULLS = 4


@dataclass(frozen=True, slots=True)
class Source:
    """A server, the path of a blob there, and the file that holds it where one does."""

    name: str
    connect: Callable[[], Connection]
    path: str
    file: Path | None


def pull_throughput(sources: Sequence[Source], size: int, *, aims: Mapping[str, Aim]) -> Measure:
    """Megabytes a second of one client: from the page cache, and, of files, with the file out of it before."""
    blob = f"pull {size >> 20} MiB"
    rows = [Row(f"{blob}, warm", "MB/s", aims)]
    if all(source.file for source in sources):
        rows.append(Row(f"{blob}, cold (file out of the page cache)", "MB/s"))
    return Measure(tuple(rows), {source.name: partial(_pull, source, size) for source in sources})


def _pull(source: Source, size: int) -> Sample:
    if source.file is not None:
        _leave_page_cache(source.file)
    cold = run_together([partial(_repeat, source, 1)])
    warm = run_together([partial(_repeat, source, WARM_PULLS)])
    values = [WARM_PULLS * size / warm.elapsed / 1e6]
    if source.file is not None:
        values.append(size / cold.elapsed / 1e6)
    return Sample(tuple(values), warm.cpu / warm.elapsed)


def _repeat(source: Source, times: int) -> None:
    with source.connect() as connection:
        for _ in range(times):
            connection.pull(source.path)


def _leave_page_cache(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)  # the kernel keeps pages that are not on the disk yet
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)
