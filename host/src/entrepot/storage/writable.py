"""Whether a storage takes a write: found out by one at the start, and not by the first push."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from entrepot_contract import Denied, StorageDriver

__all__ = ["WRITTEN", "check_writable"]

WRITTEN: Final = "entrepot/writable/"
"""Where the object is written and deleted again, beside what else is entrepot's own and not Distribution's."""


def check_writable(driver: StorageDriver) -> None:
    """Write one empty object, whose key no other host uses, and delete it.

    Raises Denied with what to do about it, and any other StorageError as the driver does.
    """
    key = f"{WRITTEN}{uuid4().hex}"
    try:
        driver.put(key, b"")
    except Denied as error:
        raise Denied(
            f"{error.message}; where the registry is to serve pulls alone, set storage.maintenance.readonly.enabled",
            driver=error.driver,
            operation=error.operation,
            key=error.key,
        ) from error
    driver.delete([key])
