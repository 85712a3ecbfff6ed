"""What the operations of a client cost on an installed driver, counted in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from entrepot_benchmarks.cost.exchange import Answer, Order
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.model import OperationCost

__all__ = ["BLOB_SIZES", "count_operations"]

BLOB_SIZES: Final = (10_000, 2**20, 100 * 2**20)
"""Of the blobs that are pushed, in bytes."""

_LEAST: Final = 64
_REMOVAL_SECONDS: Final = 60.0


def count_operations(
    target_name: str, driver: str, options: Mapping[str, object], *, blob_sizes: Sequence[int] = BLOB_SIZES
) -> list[OperationCost]:
    """What each operation of a client costs on the storage driver of a name.

    - A host is started in a process of its own, with the default settings and without redirects; each operation is
      done once, by a host that was just started unless it is called warm.
    - Everything is pushed under a repository's name of its own, and removed again, also after an error or Ctrl-C.
    - ``blob_sizes`` are in bytes, at least 64 each: what is pushed has to be unlike anything that is stored.
    - Raises BenchmarkError where the driver is missing, its options are wrong, or the backend fails.
    """
    if not blob_sizes or min(blob_sizes) < _LEAST:
        raise BenchmarkError(f"the sizes of blobs are {list(blob_sizes)}: give some, of at least {_LEAST} bytes each")
    # Options may hold secrets, and a command line is everybody's to read.
    order = Order(driver=driver, options=dict(options), blob_sizes=tuple(blob_sizes)).model_dump_json(fallback=str)
    answer = _ask(target_name, order)
    if answer.error is not None:
        raise BenchmarkError(f"the requests of {target_name} cannot be counted: {answer.error}")
    return [
        OperationCost(target_name, one.operation, one.calls, one.requests if answer.http else None, one.bytes_out)
        for one in answer.counts
    ]


def _ask(target_name: str, order: str) -> Answer:
    # A session of its own: Ctrl-C in a terminal reaches this process alone, which then lets the other one clean up.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "entrepot_benchmarks.cost.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        answer, said = process.communicate(order)
    except BaseException:
        _end(process)
        raise
    try:
        return Answer.model_validate_json(answer)
    except ValueError as error:
        last = (said.strip().splitlines() or ["it said nothing"])[-1]
        reason = f"its process ended with {process.returncode}: {last}"
        raise BenchmarkError(f"the requests of {target_name} cannot be counted: {reason}") from error


def _end(process: subprocess.Popen[str]) -> None:
    """Let it remove what it has pushed, and kill it where it does not end."""
    process.terminate()
    try:
        process.communicate(timeout=_REMOVAL_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
