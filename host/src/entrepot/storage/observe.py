"""The observer of a driver's calls, and the conversion of exceptions that break the contract."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import TypeAlias

from entrepot_contract import StorageError

__all__ = ["Observer", "stamped"]

Observer: TypeAlias = Callable[[str, float, StorageError | None], None]
"""Called after every operation with its name, its duration in seconds including retries, and its error or None."""

_log = logging.getLogger("entrepot.storage")


def stamped(error: Exception, *, driver: str, operation: str, key: str | None, package: str = "") -> StorageError:
    """Returns the error with driver, operation and key, if it does not have them already.

    An exception other than StorageError is a bug in the driver: it is logged, and replaced by a StorageError that
    names the package. Its text is omitted from both, as it may contain anything; raise the result ``from None``, so
    that the text is not logged either.
    """
    if isinstance(error, StorageError):
        error.driver = error.driver or driver
        error.operation = error.operation or operation
        if error.key is None:
            error.key = key
        return error
    kind = type(error).__qualname__
    defect = f"which is a bug in {package or 'the driver'}; install another version, or report it to its author"
    _log.error(
        "storage driver %s raised %s in %s, %s:\n%s",
        driver,
        kind,
        operation,
        defect,
        "".join(traceback.format_tb(error.__traceback__)),
    )
    message = f"the driver raised {kind}, {defect}; see the log for the traceback"
    return StorageError(message, driver=driver, operation=operation, key=key)
