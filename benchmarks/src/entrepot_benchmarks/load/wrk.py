"""Small requests through wrk, which costs less processor time than any client in Python."""

from __future__ import annotations

import re
import resource
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from entrepot_benchmarks.errors import BenchmarkError

__all__ = ["CONNECTIONS", "THREADS", "WrkResult", "run_wrk"]

CONNECTIONS = 16
THREADS = 2


@dataclass(frozen=True, slots=True)
class WrkResult:
    """Requests a second, and how many cores wrk itself used."""

    rate: float
    cores: float


def run_wrk(url: str, *, seconds: int, headers: Mapping[str, str] | None = None) -> WrkResult:
    """GET ``url`` over and over on 16 connections.

    Raises BenchmarkError where any answer was not 2xx or a connection failed.
    """
    command = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, url], capture_output=True, text=True, check=False)  # noqa: S603 - no shell, own URL
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if done.returncode or rate is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise BenchmarkError(f"wrk {url} failed: {done.stdout}{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return WrkResult(float(rate[1]), cpu / seconds)
