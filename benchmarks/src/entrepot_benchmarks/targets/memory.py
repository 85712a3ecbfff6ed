"""The memory of some processes together."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PeakMemory"]

FIELD = re.compile(r"^(Rss|Pss):\s+(\d+) kB$", re.MULTILINE)


@dataclass
class PeakMemory:
    """The highest sums seen of PSS (shared pages counted once) and RSS, in bytes, over the processes of ``pids``."""

    pids: Callable[[], list[int]]
    pss: int = 0
    rss: int = 0

    def look(self) -> None:
        """Take one sample."""
        sums = {"Pss": 0, "Rss": 0}
        for pid in self.pids():
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # a worker that ended has no memory
            for name, value in FIELD.findall(text):
                sums[name] += int(value) * 1024
        self.pss = max(self.pss, sums["Pss"])
        self.rss = max(self.rss, sums["Rss"])
