"""Counting of the driver calls and requests of client operations, in a separate process."""

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
"""Sizes of the pushed blobs, in bytes."""

_MIN_SIZE: Final = 64
_REMOVAL_SECONDS: Final = 60.0


def count_operations(
    target_name: str, driver: str, options: Mapping[str, object], *, blob_sizes: Sequence[int] = BLOB_SIZES
) -> list[OperationCost]:
    """Count what each client operation costs on a storage driver.

    - The host runs in a separate process, with default settings and without redirects; each operation is done once, by
      a newly started host unless it is called warm.
    - Everything is pushed to a unique repository, and removed again, even after an error or Ctrl-C.
    - ``blob_sizes`` are in bytes, at least 64 each, so that the content is unique.
    - Raises BenchmarkError if the driver is missing, its options are invalid, or the backend fails.
    """
    if not blob_sizes or min(blob_sizes) < _MIN_SIZE:
        raise BenchmarkError(
            f"blob sizes {list(blob_sizes)}: at least one is required, each of at least {_MIN_SIZE} bytes"
        )
    # Not on the command line, which other users can read: options may contain secrets.
    order = Order(driver=driver, options=dict(options), blob_sizes=tuple(blob_sizes)).model_dump_json(fallback=str)
    answer = _ask(target_name, order)
    if answer.error is not None:
        raise BenchmarkError(f"the requests of {target_name} cannot be counted: {answer.error}")
    return [
        OperationCost(target_name, one.operation, one.calls, one.requests if answer.http else None, one.bytes_out)
        for one in answer.counts
    ]


def _ask(target_name: str, order: str) -> Answer:
    # In a new session, so that Ctrl-C in a terminal only reaches this process, which lets the other one clean up.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "entrepot_benchmarks.cost.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        answer, errors = process.communicate(order)
    except BaseException:
        _end(process)
        raise
    try:
        return Answer.model_validate_json(answer)
    except ValueError as error:
        last = (errors.strip().splitlines() or ["no output"])[-1]
        reason = f"the process exited with status {process.returncode}: {last}"
        raise BenchmarkError(f"the requests of {target_name} cannot be counted: {reason}") from error


def _end(process: subprocess.Popen[str]) -> None:
    """Let the process remove what it has pushed, and kill it if it does not exit."""
    process.terminate()
    try:
        process.communicate(timeout=_REMOVAL_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
