"""Checks of the errors that a test provokes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from entrepot_contract import StorageDriver, StorageError

__all__ = ["refused"]


@contextmanager
def refused(kind: type[StorageError], driver: StorageDriver, operation: str, *keys: str) -> Iterator[None]:
    """Assert that the block raises ``kind`` with a message, the driver, the operation and one of ``keys``."""
    with pytest.raises(kind) as caught:
        yield
    error = caught.value
    assert (error.driver, error.operation) == (driver.name, operation)
    assert error.key in keys
    assert isinstance(error.message, str)
    assert error.message, "an error must have a message"
    assert error.retryable is kind.retryable_by_default, f"{operation} raised a {kind.__name__} that is retryable"
