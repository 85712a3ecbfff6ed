"""Memory use of processes, as reported by the kernel (proc(5))."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Peak", "peak_of", "sampled_peak"]


def peak_of(pid: int) -> int:
    """Return the peak resident memory of a process in bytes (VmHWM)."""
    return _field(Path(f"/proc/{pid}/status"), "VmHWM")


class Peak:
    """The largest total that was measured, in bytes, and the number of samples."""

    def __init__(self) -> None:
        self.bytes = 0
        self.samples = 0


@contextmanager
def sampled_peak(pids: Callable[[], Iterable[int]], *, seconds: float = 0.1) -> Iterator[Peak]:
    """Measure the memory of some processes every ``seconds``. Shared memory is counted once (PSS)."""
    peak = Peak()
    done = threading.Event()

    def look() -> None:
        while not done.wait(seconds):
            peak.bytes = max(peak.bytes, sum(_proportional(pid) for pid in pids()))
            peak.samples += 1

    thread = threading.Thread(target=look, name="memory")
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _proportional(pid: int) -> int:
    try:
        return _field(Path(f"/proc/{pid}/smaps_rollup"), "Pss")
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _field(file: Path, name: str) -> int:
    for line in file.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    raise ValueError(f"{file} has no line {name}")
