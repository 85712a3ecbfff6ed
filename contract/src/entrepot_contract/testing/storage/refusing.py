"""What the kit asks of every error that a test provokes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from entrepot_contract import StorageDriver, StorageError

__all__ = ["refused"]


@contextmanager
def refused(kind: type[StorageError], driver: StorageDriver, operation: str, *keys: str) -> Iterator[None]:
    """The call inside raises ``kind``, which says what happened, in which driver and operation, to one of ``keys``."""
    with pytest.raises(kind) as caught:
        yield
    error = caught.value
    assert (error.driver, error.operation) == (driver.name, operation)
    assert error.key in keys
    assert isinstance(error.message, str)
    assert error.message, "an error that says nothing helps nobody"
