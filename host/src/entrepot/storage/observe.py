"""What the host hears of a driver's calls, and what becomes of an error that breaks the contract."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import TypeAlias

from entrepot_contract import StorageError

__all__ = ["Observer", "stamped"]

Observer: TypeAlias = Callable[[str, float, StorageError | None], None]
"""Called after every operation with its name, the seconds it took, retries included, and its failure."""

_log = logging.getLogger("entrepot.storage")


def stamped(error: Exception, *, driver: str, operation: str, key: str | None, package: str = "") -> StorageError:
    """The error with what it does not say itself: where it came from, and to which key.

    An error of another kind than the contract's is a defect of the driver: it is logged, and a StorageError stands
    for it that names the package. The text of such an error is kept out of both, as it may hold anything; to be raised
    ``from None``, so that whoever logs it keeps the text out too.
    """
    if isinstance(error, StorageError):
        error.driver = error.driver or driver
        error.operation = error.operation or operation
        if error.key is None:
            error.key = key
        return error
    kind = type(error).__qualname__
    defect = f"which is a defect of {package or 'the driver'}; install another version of it, or tell its author"
    _log.error(
        "storage driver %s let a %s out of %s, %s:\n%s",
        driver,
        kind,
        operation,
        defect,
        "".join(traceback.format_tb(error.__traceback__)),
    )
    message = f"the driver let a {kind} out, {defect}; the log shows where"
    return StorageError(message, driver=driver, operation=operation, key=key)
