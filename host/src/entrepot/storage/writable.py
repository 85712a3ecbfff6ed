"""A test write at the start of the host, so that a storage that is not writable is found before the first push."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from entrepot_contract import Denied, StorageDriver

__all__ = ["WRITTEN", "check_writable"]

WRITTEN: Final = "entrepot/writable/"
"""Prefix of the object that is written and deleted, among entrepot's own keys."""


def check_writable(driver: StorageDriver) -> None:
    """Write an empty object with a unique key, and delete it.

    Raises Denied with advice, and any other StorageError of the driver.
    """
    key = f"{WRITTEN}{uuid4().hex}"
    try:
        driver.put(key, b"")
    except Denied as error:
        raise Denied(
            f"{error.message}; for a registry that only serves pulls, set storage.maintenance.readonly.enabled",
            driver=error.driver,
            operation=error.operation,
            key=error.key,
        ) from error
    driver.delete([key])
