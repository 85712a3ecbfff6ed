"""The counting process: reads an order from standard input, and writes the counts to standard output."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final, NoReturn
from uuid import uuid4

from entrepot.plugins import PluginError, load_storage
from entrepot.storage.checked import CheckedDriver
from entrepot_benchmarks.cost.counted import CountedDriver
from entrepot_benchmarks.cost.exchange import Answer, Count, Order
from entrepot_benchmarks.cost.operations import Meter, count_all
from entrepot_benchmarks.cost.wire import Wire
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_contract import AlreadyExists, NotFound, StorageDriver, StorageError

__all__ = ["count", "main"]

_ORDINARY: Final = (NotFound, AlreadyExists)


def main() -> None:
    """Run an order and write the answer."""
    # Keep output printed by a driver out of the answer.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, _stop)
    # Errors are reported in the answer.
    logging.disable(logging.CRITICAL)
    order = Order.model_validate_json(sys.stdin.read())
    wire = Wire()
    wire.listen()
    try:
        answer = Answer(counts=count(wire, order), http=wire.heard)
    except BenchmarkError as error:
        answer = Answer(error=str(error))
    except Exception as error:  # noqa: BLE001 - a driver may fail in any way
        answer = Answer(error=_defect(error))
    with output:
        output.write(answer.model_dump_json())


def count(wire: Wire, order: Order) -> list[Count]:
    """Count what each operation costs. Everything written is removed again, even after a failure.

    Raises BenchmarkError if the backend fails.
    """
    counted = CountedDriver(_opened(order))
    meter = Meter(counted, wire)
    try:
        health = counted.health()
        if not health.ok:
            raise BenchmarkError(f"the backend is unhealthy: {health.detail}")
        faults = _count(meter, order.blob_sizes)
    finally:
        counted.close()
    if faults:
        raise BenchmarkError("; ".join(faults))
    return meter.counts


def _count(meter: Meter, blob_sizes: Sequence[int]) -> list[str]:
    """Count into the meter. Return descriptions of the errors."""
    root = f"entrepot-cost-{uuid4().hex}"
    faults: list[str] = []
    failures: list[StorageError] = []
    try:
        checked = CheckedDriver(meter.driver, observe=lambda _verb, _seconds, error: _note(error, failures))
        count_all(meter, checked, root, blob_sizes)
    except (BenchmarkError, StorageError) as error:
        faults.append(f"the backend failed: {failures[0] if failures else error}")
    except Exception as error:  # noqa: BLE001 - as above
        faults.append(_defect(error))
    finally:
        faults += _remove(meter.driver, root)
    return faults


def _opened(order: Order) -> StorageDriver:
    try:
        return load_storage(order.driver).from_config(order.options)
    except (PluginError, StorageError) as error:
        raise BenchmarkError(str(error)) from error


def _note(error: StorageError | None, failures: list[StorageError]) -> None:
    if error is not None and not isinstance(error, _ORDINARY):
        failures.append(error)


def _remove(driver: CountedDriver, root: str) -> list[str]:
    try:
        driver.remove()
    except Exception as error:  # noqa: BLE001 - as above
        reason = str(error) if isinstance(error, StorageError) else _defect(error)
        left = f"docker/registry/v2/repositories/{root}/ and the blobs that no repository links to"
        return [f"the pushed data cannot be removed: {reason}: delete {left}"]
    return []


def _defect(error: Exception) -> str:
    # The message is omitted because it may contain anything, including an option.
    return f"unexpected {type(error).__name__} in the driver or the host; please report this bug"


def _stop(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(1)


if __name__ == "__main__":
    main()
